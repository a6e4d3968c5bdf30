import { WebspexError } from '../core/errors.ts';
import type { Masks } from '../core/masks.ts';
import { quadratic, times } from './factor.ts';
import { type Hyper, unfold } from './hyper.ts';
import { blocksOf, CONSTANT, farOf, fillKernels, kernelDiagonal, kernelOf, lookUp, pairWork, type Rows, toBlocks } from './kernel.ts';
import { createMatrices } from './matrices.ts';
import { warpedBy } from './objective.ts';
import type { Pace } from './pace.ts';
import { suffixDiagonal, suffixOf, suffixOfBoth } from './suffix.ts';
import type { Range, Warp } from './warp.ts';
import { createTables, fillTables, TABLE_WORK, type Tables, windowsOf } from './windows.ts';

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
export async function condition(rows: Rows, range: Range, theta: Float64Array, pace: Pace): Promise<Process> {
  const { n } = rows.masks;
  const hyper = unfold(theta, n, rows.suffix);
  const { g, warp } = warpedBy(range, theta, n, rows.suffix);
  const tables = createTables(n);
  fillTables(hyper.c, hyper.q, tables);
  await pace(TABLE_WORK * tables.length);
  const matrices = createMatrices(rows.paired ? 2 : 1, rows.size);
  const inverses: Float64Array[] = [];
  try {
    await fillKernels(rows, hyper, tables, matrices.lower, pace);
    for (const [b, inverse] of matrices.inverses.entries()) {
      if (!(await matrices.factorise(b, pace)))
        throw new WebspexError(
          'self-check',
          `Gaussian process: expected a positive definite kernel of ${rows.masks.count} masks, got none; use pursuit`,
        );
      await matrices.invert(b, pace);
      inverses.push(inverse.slice());
      await pace(inverse.length);
    }
  } finally {
    matrices.release();
  }
  const parts = toBlocks(rows, g);
  const weights: Float64Array[] = [];
  for (const [b, inverse] of inverses.entries()) {
    weights.push(times(inverse, parts[b]));
    await pace(inverse.length);
  }
  return { rows, theta, hyper, tables, warp, inverses, weights };
}

/**
 * Latent means at masks and at their complements (rows 2p and 2p + 1 of the answer), at little more than the cost of one of them.
 */
export async function latentMeans({ rows, hyper, tables, weights }: Process, masks: Masks, pace: Pace): Promise<Float64Array> {
  const windows = windowsOf(masks);
  const out = new Float64Array(2 * masks.count);
  const sums = new Float64Array(2);
  const endings = new Float64Array(2);
  const { suffix } = rows;
  const [a, b] = weights;
  for (let r = 0; r < masks.count; r++) {
    let first = 0;
    let second = 0;
    for (let p = 0; p < rows.units; p++) {
      lookUp(tables, windows, r, rows.windows, p, sums);
      const near = hyper.product * Math.exp(-sums[0]);
      const linear = hyper.single * (hyper.total - 2 * sums[0]);
      const rest = sums[1] + CONSTANT;
      let same = near + linear + rest;
      let across = farOf(hyper, sums[0], near) - linear + rest;
      if (suffix) {
        suffixOfBoth(hyper.suffix, windows, r, rows.windows, p, endings);
        same += endings[0] * Math.exp(-sums[0]);
        across += endings[1] * Math.exp(sums[0] - hyper.total);
      }
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
    const rest = pace(pairWork(rows, rows.units));
    if (rest) await rest;
  }
  return out;
}

/** Latent posterior variance at masks, without noise. */
export async function latentVariances({ rows, hyper, tables, inverses }: Process, masks: Masks, pace: Pace): Promise<Float64Array> {
  const windows = windowsOf(masks);
  const stationary = kernelDiagonal(hyper);
  const sums = new Float64Array(2);
  const columns = blocksOf(rows, rows.size);
  const out = new Float64Array(masks.count);
  for (let r = 0; r < masks.count; r++) {
    for (let p = 0; p < rows.units; p++) {
      lookUp(tables, windows, r, rows.windows, p, sums);
      const same = kernelOf(hyper, sums[0], sums[1]) + suffixOf(hyper.suffix, windows, r, rows.windows, p) * Math.exp(-sums[0]);
      const across = rows.paired ? kernelOf(hyper, hyper.total - sums[0], sums[1]) : 0;
      columns[0][p] = rows.paired ? (same + across) * Math.SQRT1_2 : same;
      if (rows.paired) columns[1][p] = (same - across) * Math.SQRT1_2;
    }
    const prior = stationary + suffixDiagonal(hyper.suffix, windows, r);
    out[r] = Math.max(
      0,
      columns.reduce((left, column, b) => left - quadratic(inverses[b], column), prior),
    );
    const rest = pace(pairWork(rows, rows.units) + (columns.length * rows.size * rows.size) / 2);
    if (rest) await rest;
  }
  return out;
}
