import { WebspexError } from '../core/errors.ts';
import { bufferNamed, type Program } from './program.ts';

/** Numbers the last kernel writes behind the logits of each row: the number of the run, and how many values were not finite. */
export const STAMP_COLUMNS = 2;

/** Labels of a program's output: its columns without the stamp. */
export function outputLabels(program: Program): number {
  const output = program.buffers.find((b) => b.kind === 'output');
  return bufferNamed(program, output?.name ?? 'output').columns - STAMP_COLUMNS;
}

/**
 * The logits (rows, labels) behind a checked stamp; `logit` and `word` read an element of the output as a number and as an integer.
 * A resolved read proves nothing on a lost device; a row that carries this run's number does.
 * @throws device-lost where a row was not written by this run; non-finite naming the first row.
 */
export function readStamped(
  rows: number,
  labels: number,
  serial: number,
  logit: (at: number) => number,
  word: (at: number) => number,
  nameRow = (row: number) => `row ${row}`,
): Float32Array {
  const stride = labels + STAMP_COLUMNS;
  const out = new Float32Array(rows * labels);
  for (let r = 0; r < rows; r++) {
    const stamp = word(r * stride + labels);
    const wrong = word(r * stride + labels + 1);
    if (stamp !== serial)
      throw new WebspexError(
        'device-lost',
        `run: expected ${nameRow(r)} stamped ${serial}, got ${stamp}; the device did not compute it, run again`,
      );
    if (wrong !== 0)
      throw new WebspexError(
        'non-finite',
        `run: expected finite numbers in ${nameRow(r)}, got ${wrong} that are not; check the model's weights`,
      );
    for (let c = 0; c < labels; c++) out[r * labels + c] = logit(r * stride + c);
  }
  return out;
}
