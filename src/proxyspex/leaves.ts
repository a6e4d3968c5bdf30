import { type WordColumns, wordColumns } from '../core/columns.ts';
import { type Masks, maskStride } from '../core/masks.ts';
import { histogram } from './histogram.ts';

export interface Split {
  /** −1 where no split gains. */
  readonly feature: number;
  readonly gain: number;
}

/**
 * The rows of one tree under way, leaf by leaf: a leaf is a range of places in a list of rows, and has the sums of its rows' weights, player by
 * player, in a numbered slot. A weight is 2^k + the row's rounded gradient, so that one sum holds the number of rows and the gradient; sums
 * are exact integers, so that they do not depend on who adds them up.
 */
export interface Leaves {
  readonly n: number;
  readonly count: number;
  /** What is still to be explained of every row; trees are grown on it, and take themselves off it. */
  readonly residual: Float64Array;
  /** Begins a tree: every row in one range, in order. Returns the sum of all weights. */
  begin(): number;
  /** Number of rows in a sum, and their gradient. */
  rowsIn(sum: number): number;
  gradientIn(sum: number): number;
  /** The residual that a gradient stands for. */
  unscaled(gradient: number): number;
  /** Adds up the rows of a range into a slot. */
  sum(from: number, to: number, slot: number): void;
  /** What a slot holds of one player. */
  present(slot: number, player: number): number;
  /** whole −= part. */
  subtract(whole: number, part: number): void;
  /** The split of a leaf that gains most, G²/n over both sides less the whole; the lowest player wins a tie. */
  best(slot: number, sum: number, minLeaf: number): Split;
  /** Rows without the player first, each side in its old order; returns where the others begin. */
  partition(from: number, to: number, player: number): number;
  /** Takes a leaf's value off the residual of its rows. */
  settle(from: number, to: number, value: number): void;
}

/** Splits that gain less are rounding (in squared gradients). */
export const LEAST_GAIN = 0.5;
/** One split beats another by at least this share. */
export const CLEARLY = 1 + 1e-12;

/** The bits of a weight are shared out so that no sum over all rows can overflow 2⁵³. */
export function packingFor(count: number): { unit: number; most: number } {
  const rows = Math.ceil(Math.log2(count + 1));
  const shift = 52 - rows;
  return { unit: 2 ** shift, most: 2 ** (shift - 1 - rows) };
}

/** Rounds to the nearest integer, halves to even, as WebAssembly does: exact below 2⁵¹. */
function nearest(value: number): number {
  return value + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;
}

/** The twin of src/compute/wasm/solvers/leaves.ts. */
export function plainLeaves(masks: Masks): Leaves {
  const { n, count } = masks;
  const columns: WordColumns = wordColumns(masks);
  const { unit, most } = packingFor(count);
  const residual = new Float64Array(count);
  const rows = new Uint32Array(count);
  const spare = new Uint32Array(count);
  const weights = new Float64Array(count);
  const table = new Float64Array(1024);
  const slots: Float64Array[] = [];
  const slotOf = (slot: number) => {
    slots[slot] ??= new Float64Array(32 * maskStride(n));
    return slots[slot];
  };
  let scale = 1;
  const rowsIn = (sum: number) => nearest(sum / unit);
  const gradientIn = (sum: number) => sum - rowsIn(sum) * unit;
  return {
    n,
    count,
    residual,
    rowsIn,
    gradientIn,
    unscaled: (gradient) => gradient / scale,
    begin() {
      let top = 0;
      for (let r = 0; r < count; r++) top = Math.max(top, Math.abs(residual[r]));
      scale = top > 0 ? most / top : 1;
      let sum = 0;
      for (let r = 0; r < count; r++) {
        rows[r] = r;
        weights[r] = unit + nearest(residual[r] * scale);
        sum += weights[r];
      }
      return sum;
    },
    sum: (from, to, slot) => histogram(columns, rows, from, to, weights, table, slotOf(slot)),
    present: (slot, player) => slots[slot][player],
    subtract(whole, part) {
      const [a, b] = [slots[whole], slots[part]];
      for (let f = 0; f < a.length; f++) a[f] -= b[f];
    },
    best(slot, sum, minLeaf) {
      const sums = slots[slot];
      const whole = rowsIn(sum);
      const g = gradientIn(sum);
      const floor = (g * g) / whole;
      let gain = 0;
      let feature = -1;
      for (let f = 0; f < n; f++) {
        const kept = rowsIn(sums[f]);
        if (kept < minLeaf || whole - kept < minLeaf) continue;
        const gp = sums[f] - kept * unit;
        const better = (gp * gp) / kept + ((g - gp) * (g - gp)) / (whole - kept) - floor;
        if (better > gain * CLEARLY && better > LEAST_GAIN) {
          gain = better;
          feature = f;
        }
      }
      return { feature, gain };
    },
    partition(from, to, player) {
      const base = (player >> 5) * count;
      let low = from;
      let high = 0;
      for (let i = from; i < to; i++) {
        const r = rows[i];
        if ((columns.words[base + r] >>> (player & 31)) & 1) spare[high++] = r;
        else rows[low++] = r;
      }
      rows.set(spare.subarray(0, high), low);
      return low;
    },
    settle(from, to, value) {
      for (let i = from; i < to; i++) residual[rows[i]] -= value;
    },
  };
}
