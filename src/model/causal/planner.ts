import type { RowCounts } from '../../compute/program.ts';
import { WebspexError } from '../../core/errors.ts';
import { distinctRows } from '../planner.ts';
import { PATHS_PER_TOKEN } from './decoder.ts';
import type { KeptTree } from './kept.ts';
import type { SortedSequences } from './sequences.ts';

/** Where the score of a token is found: a read row, and which of its two targets. */
export interface Place {
  readonly row: number;
  readonly target: number;
}

/** One run of the program: the tree of some sequences, each prefix one row. */
export interface TreeChunk {
  /** The sorted sequences scored here: first … first + sequences − 1. */
  readonly first: number;
  readonly sequences: number;
  readonly counts: RowCounts;
  /** Distinct (token, position) pairs: the rows that layer 0 is computed for, and the one each tree row starts from. */
  readonly tableTokens: Uint32Array;
  readonly tablePositions: Uint32Array;
  readonly tableRow: Uint32Array;
  readonly rowPosition: Uint32Array;
  /** The rows of each sequence from its first token on, end to end: sequences with a common beginning list the same rows. */
  readonly paths: Uint32Array;
  /** [start, end) within the paths of what a row sees, and of what a read row does. */
  readonly rowRanges: Uint32Array;
  readonly readRanges: Uint32Array;
  readonly readRows: Uint32Array;
  readonly readPosition: Uint32Array;
  /** Two tokens scored at each read row. */
  readonly targets: Uint32Array;
  /** For each scored token of the sequences, in order, where its score is. */
  readonly places: readonly Place[];
  /** Rows that sequences share with those before them in this chunk, and such as were kept by earlier ones. */
  readonly shared: number;
  readonly kept: number;
}

/** What grows while sequences are added to a chunk. */
interface Growing {
  readonly tokens: number[];
  readonly positions: number[];
  readonly paths: number[];
  readonly rowRanges: number[];
  readonly reads: { readonly row: number; readonly range: readonly [number, number]; readonly targets: number[] }[];
  readonly readsOfRow: Map<number, number[]>;
  readonly places: Place[];
}

/**
 * Builds the tree of sorted sequences from `first` on: as many whole ones as fit `tokens` new rows and `capacity`, and at least one. Kept row
 * k is row capacity.tokens + k. @throws self-check where the first one alone is beyond the capacity.
 */
export function growTree(sorted: SortedSequences, first: number, tokens: number, capacity: RowCounts, keptTree?: KeptTree): TreeChunk {
  const { offsets, from, shared } = sorted;
  const most = Math.min(tokens, capacity.tokens);
  const tree: Growing = { tokens: [], positions: [], paths: [], rowRanges: [], reads: [], readsOfRow: new Map(), places: [] };
  let path: number[] = [];
  const saved = { shared: 0, kept: 0 };
  let next = first;
  for (; next + 1 < offsets.length; next++) {
    const length = offsets[next + 1] - offsets[next] - 1;
    const begun = beginningOf(path.slice(0, next === first ? 0 : shared[next]), sorted, next, capacity.tokens, keptTree);
    const scored = length + 1 - from[next];
    const fits = (rows: number) =>
      tree.tokens.length + length - begun.length <= rows &&
      tree.reads.length + scored <= capacity.sequences &&
      tree.paths.length + length <= PATHS_PER_TOKEN * capacity.tokens;
    if (!fits(next === first ? capacity.tokens : most)) {
      if (next > first) break;
      throw new WebspexError(
        'self-check',
        `chunk: expected at most ${capacity.tokens} rows and ${capacity.sequences} scored tokens, got ${length} and ${scored}; please report it`,
      );
    }
    const kept = keptIn(begun, capacity.tokens);
    saved.kept += kept;
    saved.shared += begun.length - kept;
    path = addSequence(tree, sorted, next, begun);
  }
  return finish(tree, first, next - first, saved);
}

/** The rows that a sequence need not add: those it shares, or kept ones where that is more. A row that is read is never a kept one. */
function beginningOf(shared: number[], { ids, offsets, from }: SortedSequences, s: number, behind: number, tree?: KeptTree): number[] {
  if (!tree) return shared;
  const most = from[s] - 1;
  const held = tree.match(ids, offsets[s], offsets[s] + most);
  if (held.length > shared.length) return held.map((row) => behind + row);
  return keptIn(shared, behind) > most ? shared.slice(0, most) : shared;
}

/** Kept rows of a path: they come first. */
function keptIn(path: readonly number[], behind: number): number {
  const own = path.findIndex((row) => row < behind);
  return own < 0 ? path.length : own;
}

/** Adds the rows that a sequence does not share, its path, and the reads of its scored tokens; returns its path. */
function addSequence(tree: Growing, { ids, offsets, from }: SortedSequences, s: number, path: number[]): number[] {
  const [at, length] = [offsets[s], offsets[s + 1] - offsets[s] - 1];
  const start = tree.paths.length;
  for (let i = path.length; i < length; i++) {
    path.push(tree.tokens.length);
    tree.tokens.push(ids[at + i]);
    tree.positions.push(i);
    tree.rowRanges.push(start, start + i + 1);
  }
  for (const row of path) tree.paths.push(row);
  for (let i = from[s]; i <= length; i++) tree.places.push(placeOf(tree, path[i - 1], [start, start + i], ids[at + i]));
  return path;
}

/** The read of a row that has this target or room for it, or a new one. */
function placeOf(tree: Growing, row: number, range: readonly [number, number], target: number): Place {
  const known = tree.readsOfRow.get(row) ?? [];
  for (const read of known) {
    const { targets } = tree.reads[read];
    if (!targets.includes(target) && targets.length < 2) targets.push(target);
    const place = targets.indexOf(target);
    if (place >= 0) return { row: read, target: place };
  }
  tree.readsOfRow.set(row, [...known, tree.reads.length]);
  tree.reads.push({ row, range, targets: [target] });
  return { row: tree.reads.length - 1, target: 0 };
}

function finish(
  { tokens, positions, paths, rowRanges, reads, places }: Growing,
  first: number,
  sequences: number,
  saved: { readonly shared: number; readonly kept: number },
): TreeChunk {
  const table = distinctRows(tokens, positions);
  return {
    first,
    sequences,
    counts: { tokens: tokens.length, tableRows: table.tableTokens.length, sequences: reads.length },
    ...table,
    rowPosition: Uint32Array.from(positions),
    paths: Uint32Array.from(paths),
    rowRanges: Uint32Array.from(rowRanges),
    readRanges: Uint32Array.from(reads.flatMap(({ range }) => range)),
    readRows: Uint32Array.from(reads, ({ row }) => row),
    readPosition: Uint32Array.from(reads, ({ row }) => positions[row]),
    targets: Uint32Array.from(reads.flatMap(({ targets }) => [targets[0], targets[1] ?? targets[0]])),
    places,
    ...saved,
  };
}
