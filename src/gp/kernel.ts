import { isPaired, type Masks } from '../core/masks.ts';
import { padded } from './factor.ts';
import type { Hyper } from './hyper.ts';
import type { Pace } from './pace.ts';
import { mixRow, suffixMatrix, suffixWork } from './suffix.ts';
import { type Tables, type Windows, windowsOf } from './windows.ts';

/** Prior variance of the constant. */
export const CONSTANT = 10;

/**
 * Fitting rows. Where every row 2p + 1 is the complement of row 2p, the kernel matrix is [[A, B], [B, A]] and falls apart into A + B, on
 * which only frequencies of even degree live, and A − B, the odd ones: two matrices of half the size, a quarter of the work. Otherwise there
 * is one matrix. A unit is a pair, or a row. Endings of a text and of its complement are not alike: where they count there is one matrix too.
 */
export interface Rows {
  readonly masks: Masks;
  readonly paired: boolean;
  /** Players are words in order, of which the end counts most. */
  readonly suffix: boolean;
  readonly units: number;
  /** Row length of the padded matrices. */
  readonly size: number;
  readonly windows: Windows;
}

export function arrange(masks: Masks, suffix = false): Rows {
  const paired = !suffix && isPaired(masks);
  const units = paired ? masks.count / 2 : masks.count;
  return { masks, paired, suffix, units, size: padded(units), windows: windowsOf(masks, paired ? 2 : 1) };
}

/** Numbers by row → one list a matrix: sums and differences of pairs over √2, or the numbers themselves. */
export function toBlocks(rows: Rows, byRow: Float64Array): Float64Array[] {
  const { units, size } = rows;
  const blocks = blocksOf(rows, size);
  for (let p = 0; p < units; p++)
    if (rows.paired) {
      blocks[0][p] = (byRow[2 * p] + byRow[2 * p + 1]) * Math.SQRT1_2;
      blocks[1][p] = (byRow[2 * p] - byRow[2 * p + 1]) * Math.SQRT1_2;
    } else blocks[0][p] = byRow[p];
  return blocks;
}

/** One zeroed array of `length` numbers a matrix. */
export function blocksOf(rows: Rows, length: number): Float64Array[] {
  return Array.from({ length: rows.paired ? 2 : 1 }, () => new Float64Array(length));
}

/**
 * The kernel k(x, x') = s²·exp(−D) + l²·(C − 2D) + P + 10 of two masks, D = Σ c_i over the players at which they differ, C = Σ c_i,
 * P = Σ q_ij z_i z_j of local pairs, from the sums of `lookUp`; the complement of x' has C − D and the same P. What endings add,
 * E·Σ a_k B_k, comes beside.
 */
export function kernelOf({ product, single, total }: Hyper, distance: number, pairs: number): number {
  return product * Math.exp(-distance) + single * (total - 2 * distance) + pairs + CONSTANT;
}

/** e^(−C) is far from nothing in float64 up to here. */
const MOST_TOTAL = 600;

/** s²·exp(−(C − D)) from s²·exp(−D): an exponential is what most of a matrix of few players costs. */
export function farOf({ product, total, wholly }: Hyper, distance: number, near: number): number {
  return total < MOST_TOTAL ? wholly / near : product * Math.exp(distance - total);
}

/** k(x, x) without endings: the prior variance at any mask. */
export function kernelDiagonal(hyper: Hyper): number {
  return kernelOf(
    hyper,
    0,
    hyper.q.reduce((a, b) => a + b, 0),
  );
}

/** D and P of rows p and q into out[0] and out[1]. */
export function lookUp(tables: Tables, a: Windows, p: number, b: Windows, q: number, out: Float64Array): void {
  const { groups } = a;
  let distance = 0;
  let pairs = 0;
  for (let g = 0, i = p * groups, j = q * groups; g < groups; g++) {
    const at = ((g << 10) | (a.bits[i + g] ^ b.bits[j + g])) << 1;
    distance += tables[at];
    pairs += tables[at + 1];
  }
  out[0] = distance;
  out[1] = pairs;
}

/** What an exponential, and the look-ups of a window in tables larger than a cache, take beside a multiply-add. */
const PAIR_WORK = 24;
const WINDOW_WORK = 8;

/** Work of `pairs` pairs of rows, where one at least is a fitting row, for `Pace`. */
export function pairWork({ windows, suffix }: Rows, pairs: number): number {
  return pairs * (PAIR_WORK + WINDOW_WORK * windows.groups) + (suffix ? suffixWork(windows, pairs) : 0);
}

/**
 * Fills the lower triangles of the matrices, noise on their diagonals, identity in the padding; `distances` (size × size) is kept for slopes.
 * `endings`: the `suffixMatrix` of the rows where they are known already.
 */
export async function fillKernels(
  rows: Rows,
  hyper: Hyper,
  tables: Tables,
  blocks: readonly Float64Array[],
  pace: Pace,
  distances?: Float64Array,
  endings?: Float64Array,
): Promise<void> {
  const { units, size } = rows;
  const sums = new Float64Array(2);
  const matrix = rows.suffix ? (endings ?? (await suffixMatrix(rows.windows, pace))) : null;
  const beside = matrix && new Float64Array(size);
  for (let p = 0; p < units; p++) {
    if (beside) mixRow(hyper.suffix, matrix, p, beside);
    fillRow(rows, hyper, tables, blocks, p, sums, beside, distances);
    const rest = pace(pairWork(rows, p));
    if (rest) await rest;
  }
  for (const block of blocks)
    for (let p = units; p < size; p++) {
      block.fill(0, p * size, p * size + p);
      block[p * size + p] = 1;
    }
}

function fillRow(
  { size, windows, paired }: Rows,
  hyper: Hyper,
  tables: Tables,
  blocks: readonly Float64Array[],
  p: number,
  sums: Float64Array,
  beside: Float64Array | null,
  distances?: Float64Array,
): void {
  const { product, single, total, noise } = hyper;
  for (let q = 0; q <= p; q++) {
    lookUp(tables, windows, p, windows, q, sums);
    const [distance, pairs] = [sums[0], sums[1]];
    const at = p * size + q;
    if (distances) distances[at] = distance;
    const near = (beside ? product + beside[q] : product) * Math.exp(-distance);
    const linear = single * (total - 2 * distance);
    const same = near + linear + pairs + CONSTANT + (p === q ? noise : 0);
    if (paired) {
      const across = farOf(hyper, distance, near) - linear + pairs + CONSTANT;
      blocks[0][at] = same + across;
      blocks[1][at] = same - across;
    } else blocks[0][at] = same;
  }
}
