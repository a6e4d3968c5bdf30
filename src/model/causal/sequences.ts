import type { ScoredSequences, TokenSequences } from '../model.ts';
import { pick } from '../planner.ts';

/** Sequences in an order in which those that begin alike are neighbours, each kind once. */
export interface SortedSequences extends ScoredSequences {
  /** sourceOf[s]: the sorted sequence that asked sequence s equals. */
  readonly sourceOf: Uint32Array;
  /** Tokens of each sorted sequence that the one before it begins with too, its last token apart: that one is only ever scored. */
  readonly shared: Uint32Array;
}

/** Sorts sequences by their tokens, a shorter one before those that go on, and finds what neighbours share. */
export function sortSequences({ ids, offsets, from }: ScoredSequences): SortedSequences {
  const count = from.length;
  const length = (s: number) => offsets[s + 1] - offsets[s];
  const compare = (a: number, b: number) => {
    const least = Math.min(length(a), length(b));
    for (let i = 0; i < least; i++) {
      const difference = ids[offsets[a] + i] - ids[offsets[b] + i];
      if (difference !== 0) return difference;
    }
    return length(a) - length(b) || from[a] - from[b];
  };
  const order = Array.from({ length: count }, (_, s) => s).sort((a, b) => compare(a, b) || a - b);
  const sourceOf = new Uint32Array(count);
  const kept: number[] = [];
  for (const s of order) {
    const last = kept.at(-1);
    if (last === undefined || compare(last, s) !== 0) kept.push(s);
    sourceOf[s] = kept.length - 1;
  }
  const sorted = pick({ ids, offsets }, kept);
  return {
    ...sorted,
    from: Uint32Array.from(kept, (s) => from[s]),
    sourceOf,
    shared: sharedRows(sorted),
  };
}

/** Tokens that each sequence begins with as the one before it does, its last one apart. */
export function sharedRows({ ids, offsets }: TokenSequences): Uint32Array {
  const shared = new Uint32Array(offsets.length - 1);
  for (let s = 1; s < shared.length; s++) {
    const least = Math.min(offsets[s] - offsets[s - 1], offsets[s + 1] - offsets[s]) - 1;
    let i = 0;
    while (i < least && ids[offsets[s - 1] + i] === ids[offsets[s] + i]) i++;
    shared[s] = i;
  }
  return shared;
}

/** Rows that a tree of the sequences from `first` on has, where `held` beginnings of each are at hand and nothing else before them. */
export function treeRows({ offsets, shared }: SortedSequences, first: number, held?: Uint32Array): number {
  let rows = 0;
  for (let s = first; s + 1 < offsets.length; s++)
    rows += offsets[s + 1] - offsets[s] - 1 - Math.max(s === first ? 0 : shared[s], held?.[s] ?? 0);
  return rows;
}
