import { type Masks, maskStride } from '../core/masks.ts';

/** Below this many rows tables of 16 entries cost less than tables of 256. */
const NIBBLE_ROWS = 450;

/** Masks laid out for `correlateAll`: byte b of every row together, so that one table lookup serves eight players. */
export interface ByteColumns {
  readonly n: number;
  readonly count: number;
  /** bytes[b * count + r] = players 8b … 8b + 7 of row r. */
  readonly bytes: Uint8Array;
}

/** Transposes masks to byte columns. */
export function byteColumns(masks: Masks): ByteColumns {
  const stride = maskStride(masks.n);
  const groups = Math.ceil(masks.n / 8);
  const bytes = new Uint8Array(groups * masks.count);
  for (let b = 0; b < groups; b++)
    for (let r = 0; r < masks.count; r++) bytes[b * masks.count + r] = masks.words[r * stride + (b >> 2)] >>> (8 * (b & 3));
  return { n: masks.n, count: masks.count, bytes };
}

/**
 * Σ_r weights[r] · z_rf for every player f, z = +1 absent, −1 present (the character of {f}), by the method of the four Russians:
 * rows are added up by byte value, then the table is folded, one player at a time (numerics: N·n/8 additions).
 */
export function correlateAll(columns: ByteColumns, weights: Float64Array, out: Float64Array): Float64Array {
  let total = 0;
  for (let r = 0; r < columns.count; r++) total += weights[r];
  const groups = Math.ceil(columns.n / 8);
  const table = new Float64Array(columns.count < NIBBLE_ROWS ? 32 : 256);
  for (let b = 0; b < groups; b++) {
    if (table.length === 32) sumNibbles(columns, b, weights, table);
    else sumBytes(columns, b, weights, table);
    const present = table.length === 32 ? foldNibbles(table) : foldBytes(table);
    for (let bit = 0; bit < 8 && 8 * b + bit < columns.n; bit++) out[8 * b + bit] = total - 2 * present[bit];
  }
  return out;
}

function sumBytes({ count, bytes }: ByteColumns, b: number, weights: Float64Array, table: Float64Array): void {
  table.fill(0);
  for (let r = 0, at = b * count; r < count; r++, at++) table[bytes[at]] += weights[r];
}

function sumNibbles({ count, bytes }: ByteColumns, b: number, weights: Float64Array, table: Float64Array): void {
  table.fill(0);
  for (let r = 0, at = b * count; r < count; r++, at++) {
    table[bytes[at] & 15] += weights[r];
    table[16 + (bytes[at] >> 4)] += weights[r];
  }
}

const sums = (): Float64Array => new Float64Array(8);

/** For each bit, the sum of entries that have it; the table is folded in half from the highest bit down. */
function foldFrom(table: Float64Array, start: number, bits: number, out: Float64Array, first: number): void {
  for (let bit = bits - 1; bit >= 0; bit--) {
    const half = 1 << bit;
    let sum = 0;
    for (let i = start; i < start + half; i++) {
      sum += table[i + half];
      table[i] += table[i + half];
    }
    out[first + bit] = sum;
  }
}

function foldBytes(table: Float64Array): Float64Array {
  const out = sums();
  foldFrom(table, 0, 8, out, 0);
  return out;
}

function foldNibbles(table: Float64Array): Float64Array {
  const out = sums();
  foldFrom(table, 0, 4, out, 0);
  foldFrom(table, 16, 4, out, 4);
  return out;
}
