import { type WordColumns, wordColumns } from '../core/columns.ts';
import type { Masks } from '../core/masks.ts';

/** Correlations of weights with every single player, two lists of weights at once. */
export interface Correlator {
  readonly n: number;
  readonly count: number;
  /** What to correlate: numbers 2r and 2r + 1 are the two weights of row r. */
  readonly weights: Float64Array;
  /** What `run` finds: number 2f + lane is Σ_r weights · z_rf, z = +1 absent, −1 present (the character of {f}). */
  readonly sums: Float64Array;
  run(): void;
}

/** Below this many rows tables of 16 entries cost less than tables of 256. */
export const NIBBLE_ROWS = 450;

/**
 * The twin of src/compute/wasm/solvers/correlate.ts, by the method of the four Russians: rows are added up by byte value (or nibble), then
 * the tables are folded, one player at a time (numerics: N·n/8 additions).
 */
export function plainCorrelator(masks: Masks): Correlator {
  const columns = wordColumns(masks);
  const weights = new Float64Array(2 * columns.count);
  const sums = new Float64Array(64 * columns.groups);
  const bits = columns.count < NIBBLE_ROWS ? 4 : 8;
  const table = new Float64Array(2 * (32 / bits) * 2 ** bits);
  return {
    n: masks.n,
    count: masks.count,
    weights,
    sums,
    run() {
      const totals = [0, 0];
      for (let i = 0; i < weights.length; i++) totals[i & 1] += weights[i];
      for (let g = 0; g < columns.groups; g++) {
        addUp(columns, g, weights, bits, table);
        for (let q = 0; q < 32 / bits; q++) fold(table, q * 2 ** bits, bits, sums, 32 * g + bits * q);
      }
      for (let i = 0; i < sums.length; i++) sums[i] = totals[i & 1] - 2 * sums[i];
    },
  };
}

function addUp({ words, count }: WordColumns, g: number, weights: Float64Array, bits: number, table: Float64Array): void {
  table.fill(0);
  const below = 2 ** bits - 1;
  for (let r = 0; r < count; r++) {
    const w = words[g * count + r];
    const [a, b] = [weights[2 * r], weights[2 * r + 1]];
    for (let shift = 0, start = 0; shift < 32; shift += bits, start += below + 1) {
      const at = 2 * (start + ((w >>> shift) & below));
      table[at] += a;
      table[at + 1] += b;
    }
  }
}

/** For each bit, the sum of entries that have it; the table is folded in half from the highest bit down. */
function fold(table: Float64Array, start: number, bits: number, out: Float64Array, first: number): void {
  for (let bit = bits - 1; bit >= 0; bit--) {
    const half = 2 << bit;
    const sums = [0, 0];
    for (let i = 2 * start; i < 2 * start + half; i++) {
      sums[i & 1] += table[i + half];
      table[i] += table[i + half];
    }
    out[2 * (first + bit)] = sums[0];
    out[2 * (first + bit) + 1] = sums[1];
  }
}
