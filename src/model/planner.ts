import { matmulFlops, type Program, type RowCounts } from '../compute/program.ts';
import { WebspexError } from '../core/errors.ts';
import type { PassCounters, TokenSequences } from './model.ts';

/** Sequences of which no two are equal, and where each of the asked ones is among them. */
export interface DistinctSequences {
  readonly sequences: TokenSequences;
  /** sourceOf[s]: the distinct sequence that asked sequence s equals. */
  readonly sourceOf: Uint32Array;
}

/** One run of the program: packed rows of some sequences, end to end without padding. */
export interface Chunk {
  /** The distinct sequences computed here: first … first + counts.sequences − 1. */
  readonly first: number;
  readonly counts: RowCounts;
  /** Distinct (token, position) pairs of the chunk: the rows that the first layer's table is computed for. */
  readonly tableTokens: Uint32Array;
  readonly tablePositions: Uint32Array;
  /** Row of the table each packed row starts from. */
  readonly tableRow: Uint32Array;
  /** [start, end) of the keys of each packed row, and of each sequence's row that is read. */
  readonly rowRanges: Uint32Array;
  readonly readRanges: Uint32Array;
  /** The packed row of each sequence that the classifier reads: its first. */
  readonly readRows: Uint32Array;
}

/** Which rows of the position table a model's tokens take. */
export interface Positions {
  /** The row of the first token. */
  readonly first: number;
  /** A token that takes the row before the first one and that the others do not count, or none. */
  readonly pad: number | null;
}

export const FROM_ZERO: Positions = { first: 0, pad: null };

/** How many sequences a list holds. */
export function sequenceCount(sequences: TokenSequences): number {
  return sequences.offsets.length - 1;
}

/** Finds equal sequences, by hash and then exactly, and keeps the first of each, in order. */
export function distinctSequences(asked: TokenSequences): DistinctSequences {
  const { ids, offsets } = asked;
  const count = sequenceCount(asked);
  const sourceOf = new Uint32Array(count);
  const kept: number[] = [];
  const byHash = new Map<number, number[]>();
  for (let s = 0; s < count; s++) {
    const hash = hashOf(ids, offsets[s], offsets[s + 1]);
    const bucket = byHash.get(hash);
    const found = bucket?.find((d) => equal(ids, offsets, kept[d], s));
    sourceOf[s] = found ?? kept.length;
    if (found !== undefined) continue;
    if (bucket) bucket.push(kept.length);
    else byHash.set(hash, [kept.length]);
    kept.push(s);
  }
  return { sequences: pick(asked, kept), sourceOf };
}

/** FNV-1a over words, stirred. */
export function hashOf(ids: Uint32Array, start: number, end: number, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ ids[i], 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}

function equal(ids: Uint32Array, offsets: Uint32Array, a: number, b: number): boolean {
  const length = offsets[a + 1] - offsets[a];
  if (offsets[b + 1] - offsets[b] !== length) return false;
  for (let i = 0; i < length; i++) if (ids[offsets[a] + i] !== ids[offsets[b] + i]) return false;
  return true;
}

/** Some of the sequences, in the order of `kept`. */
export function pick({ ids, offsets }: TokenSequences, kept: readonly number[]): TokenSequences {
  const outOffsets = new Uint32Array(kept.length + 1);
  kept.forEach((s, d) => {
    outOffsets[d + 1] = outOffsets[d] + offsets[s + 1] - offsets[s];
  });
  const outIds = new Uint32Array(outOffsets[kept.length]);
  kept.forEach((s, d) => {
    outIds.set(ids.subarray(offsets[s], offsets[s + 1]), outOffsets[d]);
  });
  return { ids: outIds, offsets: outOffsets };
}

/**
 * Packs sequences from `first` on into one chunk: as many whole ones as fit `tokens` rows and `capacity`, and at least one.
 * @throws self-check where the first one alone is beyond the capacity.
 */
export function packChunk(
  sequences: TokenSequences,
  first: number,
  tokens: number,
  capacity: RowCounts,
  positions: Positions = FROM_ZERO,
): Chunk {
  const { offsets } = sequences;
  const most = Math.min(sequenceCount(sequences) - first, capacity.sequences);
  const rows = (count: number) => offsets[first + count] - offsets[first];
  let count = 1;
  while (count < most && rows(count + 1) <= Math.min(tokens, capacity.tokens)) count++;
  if (rows(count) > capacity.tokens)
    throw new WebspexError('self-check', `chunk: expected at most ${capacity.tokens} rows, got ${rows(count)}; please report it`);
  const table = tableOf(sequences, first, count, positions);
  const ranges = new Uint32Array(2 * rows(count));
  const readRanges = new Uint32Array(2 * count);
  const readRows = new Uint32Array(count);
  for (let s = 0; s < count; s++) {
    const start = offsets[first + s] - offsets[first];
    const end = offsets[first + s + 1] - offsets[first];
    readRows[s] = start;
    readRanges[2 * s] = start;
    readRanges[2 * s + 1] = end;
    for (let r = start; r < end; r++) {
      ranges[2 * r] = start;
      ranges[2 * r + 1] = end;
    }
  }
  const counts = { tokens: rows(count), tableRows: table.tableTokens.length, sequences: count };
  return { first, counts, ...table, rowRanges: ranges, readRanges, readRows };
}

function tableOf({ ids, offsets }: TokenSequences, first: number, count: number, places: Positions) {
  const from = offsets[first];
  const rows = ids.subarray(from, offsets[first + count]);
  const positions = new Uint32Array(rows.length);
  for (let s = first; s < first + count; s++)
    positions.set(positionsOf(ids.subarray(offsets[s], offsets[s + 1]), places), offsets[s] - from);
  return distinctRows(rows, positions);
}

/** Distinct (token, position) pairs of some rows, in order, and which of them each row is. */
export function distinctRows(tokens: ArrayLike<number>, positions: ArrayLike<number>) {
  const count = tokens.length;
  const tableRow = new Uint32Array(count);
  const kept: number[] = [];
  const placeOf = pairPlaces(tokens, positions);
  // What each place's first row came to be, plus one.
  const seen = new Uint32Array(placeOf.places);
  for (let row = 0; row < count; row++) {
    const place = placeOf.place(row);
    if (seen[place] === 0) seen[place] = kept.push(row);
    tableRow[row] = seen[place] - 1;
  }
  return {
    tableTokens: Uint32Array.from(kept, (row) => tokens[row]),
    tablePositions: Uint32Array.from(kept, (row) => positions[row]),
    tableRow,
  };
}

/** A place for each (token, position) pair, in a table of distinct tokens by positions. */
function pairPlaces(tokens: ArrayLike<number>, positions: ArrayLike<number>) {
  let largest = 0;
  let width = 0;
  for (let row = 0; row < tokens.length; row++) {
    if (tokens[row] > largest) largest = tokens[row];
    if (positions[row] >= width) width = positions[row] + 1;
  }
  const indexOf = new Uint32Array(largest + 1);
  let distinct = 0;
  for (let row = 0; row < tokens.length; row++) if (indexOf[tokens[row]] === 0) indexOf[tokens[row]] = ++distinct;
  return { places: distinct * width, place: (row: number) => (indexOf[tokens[row]] - 1) * width + positions[row] };
}

/** The row of the position table that each token of one sequence takes. */
export function positionsOf(ids: Uint32Array, { first, pad }: Positions): Uint32Array {
  const out = new Uint32Array(ids.length);
  let next = first;
  for (let i = 0; i < ids.length; i++) out[i] = ids[i] === pad ? first - 1 : next++;
  return out;
}

/** Sequences as units of work, from the rows before each one and all in the end: (sequences + 1). */
export function unitsOf(offsets: Uint32Array) {
  const units = offsets.length - 1;
  let longest = 0;
  for (let s = 0; s < units; s++) longest = Math.max(longest, offsets[s + 1] - offsets[s]);
  return { units, longest, rows: (next: number) => offsets[units] - offsets[next] };
}

/** Counters of no work yet. */
export function noPasses(): PassCounters {
  return { sequences: 0, distinctSequences: 0, tokens: 0, tableRows: 0, paddedTokens: 0, chunks: 0, matmulFlops: 0 };
}

/** Adds a chunk to the counters. */
export function countChunk(counters: PassCounters, program: Program, counts: RowCounts, padded: number): void {
  counters.distinctSequences += counts.sequences;
  counters.tokens += counts.tokens;
  counters.tableRows += counts.tableRows;
  counters.paddedTokens += padded;
  counters.chunks += 1;
  counters.matmulFlops += matmulFlops(program, counts);
}

/** Rows of a chunk that belong to no token: none, as sequences are packed end to end. */
export function paddedRows(chunk: Chunk): number {
  let used = 0;
  for (let s = 0; s < chunk.counts.sequences; s++) used += chunk.readRanges[2 * s + 1] - chunk.readRanges[2 * s];
  return chunk.counts.tokens - used;
}

/** Rows of `values` (distinct, width), one for each asked sequence, in the order asked. */
export function scatterRows(values: Float32Array, sourceOf: Uint32Array, width: number): Float32Array {
  const out = new Float32Array(sourceOf.length * width);
  for (let s = 0; s < sourceOf.length; s++) out.set(values.subarray(sourceOf[s] * width, (sourceOf[s] + 1) * width), s * width);
  return out;
}
