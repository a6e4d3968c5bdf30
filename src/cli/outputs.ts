import type { Look } from '../element.ts';
import { type Explanation, toCsv, toHtml, toSvg } from '../index.ts';
import type { Arguments } from './arguments.ts';
import { checkWritable, writeResult } from './files.ts';

export const OUTPUT_VALUES = ['html', 'svg', 'csv'] as const;

export const OUTPUT_HELP = [
  ['--json', 'print the explanation as one JSON document and nothing else'],
  ['--html F', 'write a standalone page as well'],
  ['--svg F', 'write a picture of the interactions as well'],
  ['--csv F', 'write the interactions as a table as well'],
] as const;

/** Files that were asked for beside what is printed. */
export interface Outputs {
  /** Writes them, and names each that was written. @throws bad-file. */
  write(explanation: Explanation, looks: readonly Look[]): Promise<string[]>;
}

/** @throws usage where one of them could not be written, before any work is done for it. */
export function outputsOf(args: Arguments): Outputs {
  const wanted = OUTPUT_VALUES.flatMap((kind) => {
    const file = args.value(kind);
    checkWritable(kind, file);
    return file === undefined ? [] : [{ kind, file }];
  });
  const content = (kind: (typeof OUTPUT_VALUES)[number], e: Explanation, looks: readonly Look[]) => {
    if (kind === 'html') return toHtml(e, looks);
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
