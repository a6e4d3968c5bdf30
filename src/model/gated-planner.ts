import type { RowCounts } from '../compute/program.ts';
import { WebspexError } from '../core/errors.ts';
import type { TokenSequences } from './model.ts';
import { type Chunk, distinctSequences, FROM_ZERO, hashOf, type Positions, positionsOf } from './planner.ts';

/** Sequences with gates of which no two are equal in both, those of one text side by side. */
export interface GatedSequences {
  readonly texts: TokenSequences;
  /** The text of each distinct pair of text and gates, ascending. */
  readonly textOf: Uint32Array;
  /** Gates of each distinct pair (pairs, columns). */
  readonly gates: Float32Array;
  /** sourceOf[s]: the pair that asked sequence s is. */
  readonly sourceOf: Uint32Array;
}

/** A chunk whose table holds its texts end to end, every row of them. */
export interface GatedChunk extends Chunk {
  /** [start, end) of the keys of each row of the table. */
  readonly tableRanges: Uint32Array;
  /** The sequence of each packed row, and of each row that is read. */
  readonly sequence: Uint32Array;
  readonly readSequence: Uint32Array;
  readonly gates: Float32Array;
}

/** Finds equal pairs of text and gates (asked sequences, columns), by hash and then exactly. */
export function distinctGated(asked: TokenSequences, gates: Float32Array, columns: number): GatedSequences {
  const { sequences: texts, sourceOf: textOfAsked } = distinctSequences(asked);
  const words = new Uint32Array(gates.buffer, gates.byteOffset, gates.length);
  const same = (a: number, b: number) => {
    if (textOfAsked[a] !== textOfAsked[b]) return false;
    for (let c = 0; c < columns; c++) if (words[a * columns + c] !== words[b * columns + c]) return false;
    return true;
  };
  const byHash = new Map<number, number[]>();
  const leader = new Uint32Array(textOfAsked.length);
  for (let s = 0; s < leader.length; s++) {
    const hash = hashOf(words, s * columns, (s + 1) * columns, textOfAsked[s]);
    const bucket = byHash.get(hash) ?? [];
    const found = bucket.find((other) => same(other, s));
    leader[s] = found ?? s;
    if (found !== undefined) continue;
    bucket.push(s);
    byHash.set(hash, bucket);
  }
  const kept = Array.from(leader.keys()).filter((s) => leader[s] === s);
  kept.sort((a, b) => textOfAsked[a] - textOfAsked[b] || a - b);
  const pairOf = new Uint32Array(leader.length);
  const picked = new Float32Array(kept.length * columns);
  kept.forEach((s, pair) => {
    pairOf[s] = pair;
    picked.set(gates.subarray(s * columns, (s + 1) * columns), pair * columns);
  });
  return { texts, textOf: Uint32Array.from(kept, (s) => textOfAsked[s]), gates: picked, sourceOf: leader.map((s) => pairOf[s]) };
}

/** What a packed chunk of gated sequences may take. */
export interface GatedRoom {
  /** Rows that are computed, those of texts not counted where each sequence has packed rows of its own. */
  readonly rows: number;
  readonly capacity: RowCounts;
  /** Whether each sequence has rows of its own; false where only its read row does. */
  readonly packed: boolean;
}

/**
 * Packs pairs from `first` on into one chunk: as many as there is room for, and at least one.
 * @throws self-check where the first one alone is beyond the capacity.
 */
export function packGated(all: GatedSequences, first: number, room: GatedRoom, positions: Positions = FROM_ZERO): GatedChunk {
  const { texts, textOf, gates } = all;
  const count = countThatFit(all, first, room);
  const start = textOf[first];
  const last = textOf[first + count - 1];
  const base = texts.offsets[start];
  const ids = texts.ids.subarray(base, texts.offsets[last + 1]);
  const tableRanges = new Uint32Array(2 * ids.length);
  const tablePositions = new Uint32Array(ids.length);
  for (let t = start; t <= last; t++) {
    const [from, to] = [texts.offsets[t] - base, texts.offsets[t + 1] - base];
    tablePositions.set(positionsOf(ids.subarray(from, to), positions), from);
    for (let r = from; r < to; r++) tableRanges.set([from, to], 2 * r);
  }
  const columns = gates.length / textOf.length;
  const rows = room.packed ? packedRows(all, first, count, base) : readTexts(all, first, count, base);
  return {
    first,
    counts: { tokens: rows.tableRow.length, tableRows: ids.length, sequences: count },
    tableTokens: ids,
    tablePositions,
    tableRanges,
    ...rows,
    readSequence: Uint32Array.from({ length: count }, (_, s) => s),
    gates: gates.subarray(first * columns, (first + count) * columns),
  };
}

function countThatFit({ texts, textOf }: GatedSequences, first: number, { rows, capacity, packed }: GatedRoom): number {
  const most = Math.min(textOf.length - first, capacity.sequences);
  let [own, table] = [0, 0];
  for (let count = 0; ; count++) {
    if (count === most) return count;
    const text = textOf[first + count];
    const length = texts.offsets[text + 1] - texts.offsets[text];
    if (packed) own += length;
    if (count === 0 || textOf[first + count - 1] !== text) table += length;
    const fits = own <= capacity.tokens && table <= capacity.tableRows;
    if (count === 0 && !fits)
      throw new WebspexError('self-check', `chunk: expected at most ${capacity.tableRows} rows, got ${length}; please report it`);
    if (count > 0 && !(fits && (packed ? own : table + count + 1) <= rows)) return count;
  }
}

/** Each sequence's rows end to end, each from its row of the table. */
function packedRows({ texts, textOf }: GatedSequences, first: number, count: number, base: number) {
  const { offsets } = texts;
  let total = 0;
  for (let s = first; s < first + count; s++) total += offsets[textOf[s] + 1] - offsets[textOf[s]];
  const tableRow = new Uint32Array(total);
  const rowRanges = new Uint32Array(2 * total);
  const sequence = new Uint32Array(total);
  const readRanges = new Uint32Array(2 * count);
  const readRows = new Uint32Array(count);
  let at = 0;
  for (let s = 0; s < count; s++) {
    const [from, to] = [offsets[textOf[first + s]], offsets[textOf[first + s] + 1]];
    const end = at + to - from;
    readRows[s] = at;
    readRanges.set([at, end], 2 * s);
    for (let r = at; r < end; r++) {
      tableRow[r] = from - base + r - readRows[s];
      rowRanges.set([readRows[s], end], 2 * r);
      sequence[r] = s;
    }
    at = end;
  }
  return { tableRow, rowRanges, sequence, readRanges, readRows };
}

/** No rows but the read ones, which begin from those of the table. */
function readTexts({ texts, textOf }: GatedSequences, first: number, count: number, base: number) {
  const none = new Uint32Array(0);
  const readRanges = new Uint32Array(2 * count);
  const readRows = new Uint32Array(count);
  for (let s = 0; s < count; s++) {
    const text = textOf[first + s];
    readRows[s] = texts.offsets[text] - base;
    readRanges.set([readRows[s], texts.offsets[text + 1] - base], 2 * s);
  }
  return { tableRow: none, rowRanges: none, sequence: none, readRanges, readRows };
}

/** Rows that the pairs before each one take, and all in the end: (pairs + 1). */
export function rowsBefore({ texts, textOf }: GatedSequences, packed: boolean): Uint32Array {
  const out = new Uint32Array(textOf.length + 1);
  textOf.forEach((text, s) => {
    const fresh = s === 0 || textOf[s - 1] !== text;
    const length = texts.offsets[text + 1] - texts.offsets[text];
    out[s + 1] = out[s] + (packed ? length : 1 + (fresh ? length : 0));
  });
  return out;
}
