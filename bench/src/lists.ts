import type { TokenSequences } from '../../src/model/model.ts';

/** Sequences of a batch of the peer. */
const BATCH = 32;

export type Order = 'as they come' | 'by length';

/** The sequences of each batch. */
export function batches(sequences: TokenSequences, order: Order): number[][] {
  const length = (s: number) => sequences.offsets[s + 1] - sequences.offsets[s];
  const all = Array.from({ length: count(sequences) }, (_, s) => s);
  if (order === 'by length') all.sort((a, b) => length(a) - length(b));
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, b) => all.slice(b * BATCH, (b + 1) * BATCH));
}

/** Rows of batches that are padded to their longest. */
export function rowsIn(all: readonly number[][], sequences: TokenSequences): number {
  return all.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map((s) => sequence(sequences, s).length)), 0);
}

export function count({ offsets }: TokenSequences): number {
  return offsets.length - 1;
}

export function sequence({ ids, offsets }: TokenSequences, s: number): Uint32Array {
  return ids.subarray(offsets[s], offsets[s + 1]);
}

/** The first n sequences, or all where there are fewer. */
export function firstOf(sequences: TokenSequences, n: number): TokenSequences {
  return together(Array.from({ length: Math.min(n, count(sequences)) }, (_, s) => sequence(sequences, s)));
}

export function together(lists: readonly Uint32Array[]): TokenSequences {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => {
    offsets[s + 1] = offsets[s] + list.length;
  });
  const ids = new Uint32Array(offsets[lists.length]);
  lists.forEach((list, s) => {
    ids.set(list, offsets[s]);
  });
  return { ids, offsets };
}
