import { type ValueFunction, WebspexError } from '../index.ts';
import { readBytes } from './files.ts';

/** 2²⁴ values are 64 MiB; beyond that nobody has a complete table. */
export const MOST_TABLE_PLAYERS = 24;
/** The table of a value function: entry m is the value of the mask whose bit i says that player i is present. @throws not-found, bad-file, non-finite. */
export async function readTable(file: string, players: number): Promise<Float32Array> {
  const wanted = 4 * 2 ** players;
  const wrong = (got: number) =>
    new WebspexError(
      'bad-file',
      `${file}: expected ${wanted} bytes (2^${players} float32 values), got ${got}; check --players, or write the whole table`,
    );
  const bytes = await readBytes(file, wanted, wrong);
  if (bytes.length !== wanted) throw wrong(bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: 2 ** players }, (_, m) => {
    const value = view.getFloat32(4 * m, true);
    if (Number.isFinite(value)) return value;
    throw new WebspexError('non-finite', `${file}: expected finite numbers, got ${value} at place ${m}; mend the table`);
  });
}

/** Looks values up in a complete table. */
export function tableFunction(table: Float32Array): ValueFunction {
  return async (masks) => Float32Array.from(masks.words, (mask) => table[mask]);
}
