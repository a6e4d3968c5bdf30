import type { TokenSequences } from '../model.ts';
import type { TreeChunk } from './planner.ts';
import { type SortedSequences, sortSequences } from './sequences.ts';

/** Beginnings whose keys and values stay on the device from run to run, as a tree: a row for each token behind those before it. */
export interface KeptTree {
  /** Rows there are, numbered from 0. */
  readonly size: number;
  /** The rows of the longest kept beginning of ids[start … end). */
  match(ids: Uint32Array, start: number, end: number): number[];
  /** Lets `row` be that of a token behind the row `parent`, or of a first token where that is −1. */
  set(parent: number, token: number, row: number): void;
}

/** More than any vocabulary has. */
const TOKENS = 2 ** 24;

export function createKeptTree(): KeptTree {
  const rows = new Map<number, number>();
  return {
    get size() {
      return rows.size;
    },
    match(ids, start, end) {
      const path: number[] = [];
      for (let i = start; i < end; i++) {
        const row = rows.get(((path.at(-1) ?? -1) + 1) * TOKENS + ids[i]);
        if (row === undefined) break;
        path.push(row);
      }
      return path;
    },
    set(parent, token, row) {
      rows.set((parent + 1) * TOKENS + token, row);
    },
  };
}

/** What is to be computed so that beginnings are kept. */
export interface KeepPlan {
  /** Whether what is kept now must go first, to make room. */
  readonly afresh: boolean;
  /** The beginnings that are not kept yet, each followed by a token that stands for any. */
  readonly missing: SortedSequences;
}

/** The first of the wanted beginnings that there is room for; null where they are kept already. */
export function planKeep(tree: KeptTree, wanted: TokenSequences, room: number): KeepPlan | null {
  const { ids, offsets } = wanted;
  const target = createKeptTree();
  let union = tree.size;
  const missing: number[] = [];
  let accepted = 0;
  for (let s = 0; s + 1 < offsets.length; s++) {
    const [start, end] = [offsets[s], offsets[s + 1]];
    const path = target.match(ids, start, end);
    const known = tree.match(ids, start, end).length;
    if (target.size + end - start - path.length > room) break;
    accepted++;
    if (known < end - start) missing.push(s);
    for (let i = path.length; i < end - start; i++) {
      if (i >= known) union++;
      target.set(path.at(-1) ?? -1, ids[start + i], target.size);
      path.push(target.size - 1);
    }
  }
  if (missing.length === 0) return null;
  const afresh = union > room;
  return { afresh, missing: asScored(wanted, afresh ? Array.from({ length: accepted }, (_, s) => s) : missing) };
}

function asScored({ ids, offsets }: TokenSequences, chosen: readonly number[]): SortedSequences {
  const lists = chosen.map((s) => [...ids.subarray(offsets[s], offsets[s + 1]), 0]);
  const ends = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => {
    ends[s + 1] = ends[s] + list.length;
  });
  return sortSequences({ ids: Uint32Array.from(lists.flat()), offsets: ends, from: Uint32Array.from(lists, (list) => list.length - 1) });
}

/** A run that computes rows to be kept: one of them is read, as a sign that it ran. */
export function keepingChunk(chunk: TreeChunk): TreeChunk {
  return {
    ...chunk,
    counts: { ...chunk.counts, sequences: 1 },
    readRanges: chunk.readRanges.subarray(0, 2),
    readRows: chunk.readRows.subarray(0, 1),
    readPosition: chunk.readPosition.subarray(0, 1),
    targets: chunk.targets.subarray(0, 2),
    places: [],
    shared: 0,
    kept: 0,
  };
}

/** Enters the rows of a run behind those that were kept before it; `behind` is the place of kept row 0 among the rows of a run. */
export function enterChunk(
  tree: KeptTree,
  { first, sequences, paths }: TreeChunk,
  { ids, offsets }: SortedSequences,
  behind: number,
): void {
  const base = tree.size;
  let at = 0;
  for (let s = first; s < first + sequences; s++) {
    let parent = -1;
    for (let i = offsets[s]; i < offsets[s + 1] - 1; i++) {
      const row = paths[at++];
      const kept = row >= behind ? row - behind : base + row;
      tree.set(parent, ids[i], kept);
      parent = kept;
    }
  }
}
