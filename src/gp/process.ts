import { WebspexError } from '../core/errors.ts';
import type { Masks } from '../core/masks.ts';
import { factorise, invert } from './factor.ts';
import { type Hyper, unfold } from './hyper.ts';
import { blocksOf, fillKernels, kernelDiagonal, kernelOf, lookUp, type Rows, toBlocks } from './kernel.ts';
import { times, warpedBy } from './objective.ts';
import type { Range, Warp } from './warp.ts';
import { createTables, fillTables, type Tables, windowsOf } from './windows.ts';

/** A process that has seen its rows. */
export interface Process {
  readonly rows: Rows;
  readonly theta: Float64Array;
  readonly hyper: Hyper;
  readonly tables: Tables;
  readonly warp: Warp;
  /** One matrix, or one for even and one for odd frequencies: K⁻¹, and K⁻¹g. */
  readonly inverses: readonly Float64Array[];
  readonly weights: readonly Float64Array[];
}

/** Conditions on rows, hyper-parameters given. @throws self-check where the kernel is not positive definite. */
export function condition(rows: Rows, range: Range, theta: Float64Array): Process {
  const { n } = rows.masks;
  const hyper = unfold(theta, n);
  const { g, warp } = warpedBy(range, theta, n);
  const tables = createTables(n);
  fillTables(hyper.c, hyper.q, tables);
  const area = rows.size * rows.size;
  const matrices = blocksOf(rows, area);
  fillKernels(rows, hyper, tables, matrices);
  const work = new Float64Array(area);
  const inverses = matrices.map((matrix) => {
    if (!factorise(matrix, rows.size))
      throw new WebspexError(
        'self-check',
        `Gaussian process: expected a positive definite kernel of ${rows.masks.count} masks, got none; use pursuit`,
      );
    const inverse = new Float64Array(area);
    invert(matrix, rows.size, work, inverse);
    return inverse;
  });
  const parts = toBlocks(rows, g);
  return { rows, theta, hyper, tables, warp, inverses, weights: inverses.map((inverse, b) => times(inverse, parts[b])) };
}

/**
 * Latent means at masks and at their complements (rows 2p and 2p + 1 of the answer), at little more than the cost of one of them.
 */
export function latentMeans({ rows, hyper, tables, weights }: Process, masks: Masks): Float64Array {
  const windows = windowsOf(masks);
  const out = new Float64Array(2 * masks.count);
  const sums = new Float64Array(2);
  const [a, b] = weights;
  for (let r = 0; r < masks.count; r++) {
    let first = 0;
    let second = 0;
    for (let p = 0; p < rows.units; p++) {
      lookUp(tables, windows, r, rows.windows, p, sums);
      const same = kernelOf(hyper, sums[0], sums[1]);
      const across = kernelOf(hyper, hyper.total - sums[0], sums[1]);
      if (rows.paired) {
        first += (same + across) * a[p];
        second += (same - across) * b[p];
      } else {
        first += same * a[p];
        second += across * a[p];
      }
    }
    out[2 * r] = rows.paired ? (first + second) * Math.SQRT1_2 : first;
    out[2 * r + 1] = rows.paired ? (first - second) * Math.SQRT1_2 : second;
  }
  return out;
}

/** Latent posterior variance at masks, without noise. */
export function latentVariances({ rows, hyper, tables, inverses }: Process, masks: Masks): Float64Array {
  const windows = windowsOf(masks);
  const prior = kernelDiagonal(hyper);
  const sums = new Float64Array(2);
  const columns = blocksOf(rows, rows.size);
  return Float64Array.from({ length: masks.count }, (_, r) => {
    for (let p = 0; p < rows.units; p++) {
      lookUp(tables, windows, r, rows.windows, p, sums);
      const same = kernelOf(hyper, sums[0], sums[1]);
      const across = kernelOf(hyper, hyper.total - sums[0], sums[1]);
      columns[0][p] = rows.paired ? (same + across) * Math.SQRT1_2 : same;
      if (rows.paired) columns[1][p] = (same - across) * Math.SQRT1_2;
    }
    return Math.max(
      0,
      columns.reduce((left, column, b) => left - quadratic(inverses[b], column), prior),
    );
  });
}

/** vᵀMv of a symmetric matrix. */
export function quadratic(matrix: Float64Array, v: Float64Array): number {
  const moved = times(matrix, v);
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i] * moved[i];
  return sum;
}
