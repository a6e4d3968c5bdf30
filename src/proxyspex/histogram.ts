import type { WordColumns } from '../core/columns.ts';

/** Below this many rows, 8 tables of 16 entries are cheaper than 4 of 256. */
const NIBBLE_ROWS = 400;

/**
 * For every player f, Σ weights[r] over the rows of the list that have f, by the method of the four Russians: rows are added up by byte
 * (or nibble) value, then the tables are folded. Sums of integers below 2⁵³ are exact in float64, in any order.
 */
export function histogram(
  columns: WordColumns,
  rows: Uint32Array,
  from: number,
  to: number,
  weights: Float64Array,
  table: Float64Array,
  out: Float64Array,
): void {
  const small = to - from < NIBBLE_ROWS;
  for (let g = 0; g < columns.groups; g++) {
    if (small) {
      sumNibbles(columns, g, rows, from, to, weights, table);
      for (let q = 0; q < 8; q++) fold(table, 16 * q, 4, out, 32 * g + 4 * q);
    } else {
      sumBytes(columns, g, rows, from, to, weights, table);
      for (let q = 0; q < 4; q++) fold(table, 256 * q, 8, out, 32 * g + 8 * q);
    }
  }
}

function sumBytes(
  { words, count }: WordColumns,
  g: number,
  rows: Uint32Array,
  from: number,
  to: number,
  weights: Float64Array,
  table: Float64Array,
): void {
  table.fill(0);
  const base = g * count;
  for (let i = from; i < to; i++) {
    const r = rows[i];
    const w = words[base + r];
    const v = weights[r];
    table[w & 255] += v;
    table[256 + ((w >>> 8) & 255)] += v;
    table[512 + ((w >>> 16) & 255)] += v;
    table[768 + (w >>> 24)] += v;
  }
}

function sumNibbles(
  { words, count }: WordColumns,
  g: number,
  rows: Uint32Array,
  from: number,
  to: number,
  weights: Float64Array,
  table: Float64Array,
): void {
  table.fill(0, 0, 128);
  const base = g * count;
  for (let i = from; i < to; i++) {
    const r = rows[i];
    const w = words[base + r];
    const v = weights[r];
    table[w & 15] += v;
    table[16 + ((w >>> 4) & 15)] += v;
    table[32 + ((w >>> 8) & 15)] += v;
    table[48 + ((w >>> 12) & 15)] += v;
    table[64 + ((w >>> 16) & 15)] += v;
    table[80 + ((w >>> 20) & 15)] += v;
    table[96 + ((w >>> 24) & 15)] += v;
    table[112 + (w >>> 28)] += v;
  }
}

/** out[first + b] = sum of the entries whose index has bit b; the table is folded in half from the top. */
function fold(table: Float64Array, start: number, bits: number, out: Float64Array, first: number): void {
  for (let b = bits - 1; b >= 0; b--) {
    const half = 1 << b;
    let sum = 0;
    for (let i = start; i < start + half; i++) {
      const high = table[i + half];
      sum += high;
      table[i] += high;
    }
    out[first + b] = sum;
  }
}
