import { WebspexError } from '../../core/errors.ts';

/** Labelled texts, in the order of the file. */
export interface TrainingSet {
  readonly labels: readonly string[];
  readonly texts: readonly string[];
}

const MOST_EXAMPLES = 100_000;

/** Reads lines of `label<TAB>text`; blank lines are passed over. @throws bad-file naming the line. */
export function readTrainingSet(text: string, file: string): TrainingSet {
  const labels: string[] = [];
  const texts: string[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return;
    const tab = line.indexOf('\t');
    const label = line.slice(0, Math.max(tab, 0)).trim();
    const rest = line.slice(tab + 1).trim();
    if (tab < 0 || label === '' || rest === '')
      throw new WebspexError(
        'bad-file',
        `${file}, line ${i + 1}: expected a label, a tab and a text, got ${JSON.stringify(line.slice(0, 40))}; write label<TAB>text`,
      );
    labels.push(label);
    texts.push(rest);
  });
  if (labels.length < 2 || labels.length > MOST_EXAMPLES)
    throw new WebspexError('bad-file', `${file}: expected 2 to ${MOST_EXAMPLES} examples, got ${labels.length}; one a line`);
  return { labels, texts };
}
