import type { Look } from '../element.ts';
import { checkShapiqIndex, type Explanation, INDICES, methodIndex, toCsv, toHtml, toShapiq, toSvg } from '../index.ts';
import { type Arguments, oneOf, usage } from './arguments.ts';
import { checkWritable, writeResult } from './files.ts';

export const OUTPUT_VALUES = ['html', 'svg', 'csv', 'shapiq'] as const;

export const OUTPUT_HELP = [
  ['--json', 'print the explanation as one JSON document and nothing else'],
  ['--html F', 'write a standalone page as well'],
  ['--svg F', 'write a picture of the interactions as well'],
  ['--csv F', 'write the interactions as a table as well'],
  ['--shapiq F', 'write the interactions as well, as JSON that shapiq’s InteractionValues.load reads (name it .json)'],
] as const;

/** Files that were asked for beside what is printed. */
export interface Outputs {
  /** Writes them, and names each that was written. @throws bad-file. */
  write(explanation: Explanation, looks: readonly Look[]): Promise<string[]>;
}

/** shapiq loads files by that ending alone, and does not have every index. @throws usage. */
function checkShapiq(file: string, args: Arguments): void {
  if (!file.endsWith('.json')) throw usage(`--shapiq: expected a name that ends with .json, got ${file}; shapiq loads no other`);
  checkShapiqIndex(oneOf(args, 'index', INDICES) ?? methodIndex(args.value('method') ?? 'auto') ?? 'FBII');
}

/** @throws usage where one of them could not be written, before any work is done for it. */
export function outputsOf(args: Arguments): Outputs {
  const wanted = OUTPUT_VALUES.flatMap((kind) => {
    const file = args.value(kind);
    checkWritable(kind, file);
    if (kind === 'shapiq' && file !== undefined) checkShapiq(file, args);
    return file === undefined ? [] : [{ kind, file }];
  });
  const content = (kind: (typeof OUTPUT_VALUES)[number], e: Explanation, looks: readonly Look[]) => {
    if (kind === 'html') return toHtml(e, looks);
    if (kind === 'shapiq') return `${JSON.stringify(toShapiq(e), null, 2)}\n`;
    // Spreadsheets read UTF-8 only with the mark.
    return kind === 'svg' ? toSvg(e) : `\ufeff${toCsv(e)}`;
  };
  return {
    async write(explanation, looks) {
      for (const { kind, file } of wanted) await writeResult(file, content(kind, explanation, looks));
      return wanted.map(({ file }) => file);
    },
  };
}
