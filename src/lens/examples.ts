import { WebspexError } from '../core/errors.ts';
import type { Tokenizer, TokenSequences } from '../model/model.ts';

/** A text with the label that is right for it. */
export interface Example {
  readonly text: string;
  /** By name, in any case, or by number. */
  readonly label: string;
}

/**
 * Labelled texts from lines of label, tab, text; a header that names a column `label` may stand before them, and the columns then be in
 * either order. Blank lines are passed over. @throws bad-file naming the file and the line.
 */
export function parseExamples(file: string, name: string): Example[] {
  const bad = (expected: string, got: string, line: number) =>
    new WebspexError('bad-file', `${name}: expected ${expected} in line ${line + 1}, got ${got}; write label, tab, text`);
  let labelColumn = 0;
  const out: Example[] = [];
  const lines = file.replace(/^\ufeff/, '').split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const cells = line.split('\t').map((cell) => cell.trim());
    if (cells.length !== 2) throw bad('one tab', cells.length === 1 ? 'none' : String(cells.length - 1), i);
    const named = cells.findIndex((cell) => cell.toLowerCase() === 'label');
    if (i === first && named >= 0 && /^(text|sentence)$/i.test(cells[1 - named])) {
      labelColumn = named;
      return;
    }
    const [label, text] = [cells[labelColumn], cells[1 - labelColumn]];
    if (label === '' || text === '') throw bad('a label and a text', label === '' ? 'no label' : 'no text', i);
    out.push({ label, text });
  });
  if (out.length === 0)
    throw new WebspexError('bad-file', `${name}: expected labelled texts, got none; write a label, a tab and a text on each line`);
  return out;
}

/** Texts, one on each line that is not blank. */
export function parseTexts(file: string): string[] {
  return file
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
}

/** Texts as the model takes them, whole. @throws empty-input for a text without words, too-long with both lengths; both name the text. */
export function encodeTexts(tokenizer: Tokenizer, texts: readonly string[], maxTokens: number, what = 'text'): TokenSequences {
  const { before, after } = tokenizer.wrapping;
  const ids: number[] = [];
  const offsets = [0];
  texts.forEach((text, t) => {
    const own = tokenizer.encode(text).ids;
    const length = own.length + before.length + after.length;
    const name = `${what}${texts.length > 1 ? ` ${t + 1}` : ''}`;
    if (own.length === 0) throw new WebspexError('empty-input', `${name}: expected some words, got none; give it some`);
    if (length > maxTokens)
      throw new WebspexError(
        'too-long',
        `${name}: expected at most ${maxTokens} tokens for this model, its special ones included, got ${length}; shorten it`,
      );
    for (const part of [before, own, after]) for (const id of part) ids.push(id);
    offsets.push(ids.length);
  });
  return { ids: Uint32Array.from(ids), offsets: Uint32Array.from(offsets) };
}

/** The number of each example's label. @throws usage naming the example and the labels there are. */
export function labelsOfExamples(labels: readonly string[], examples: readonly Example[]): Uint32Array {
  return Uint32Array.from(examples, ({ label }, i) => {
    const exact = labels.indexOf(label);
    const named = exact >= 0 ? exact : labels.findIndex((l) => l.toLowerCase() === label.toLowerCase());
    const found = named >= 0 ? named : /^\d+$/.test(label) ? Number(label) : -1;
    if (found >= 0 && found < labels.length) return found;
    const some = labels.slice(0, 20).join(', ') + (labels.length > 20 ? ` and ${labels.length - 20} more` : '');
    throw new WebspexError('usage', `example ${i + 1}: expected a label of the model (${some}), got ${label}; use those`);
  });
}
