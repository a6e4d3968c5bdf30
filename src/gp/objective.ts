import { factorise, halfLogDeterminant, invert } from './factor.ts';
import { addPrior, foldSlopes, type Hyper, PLACES, type Slopes, unfold } from './hyper.ts';
import { blocksOf, fillKernels, type Rows, toBlocks } from './kernel.ts';
import { applyWarp, type Range, standardise, type Warped } from './warp.ts';
import { createTables, fillTables, gatherTables, type Tables } from './windows.ts';

/** Minus the log posterior of θ, less a constant; the gradient is overwritten. +∞ where the kernel is not positive definite. */
export type Objective = (theta: Float64Array, gradient: Float64Array) => number;

/** The values as the process sees them under θ. */
export function warpedBy(range: Range, theta: Float64Array, n: number): Warped {
  const at = n + PLACES.warp;
  return theta.length > at ? applyWarp(range, theta[at], theta[at + 1]) : standardise(range);
}

interface Room {
  readonly tables: Tables;
  readonly matrices: Float64Array[];
  readonly work: Float64Array;
  /** K⁻¹, then ∂/∂K. */
  readonly inverses: Float64Array[];
  readonly distances: Float64Array;
}

/** ½gᵀK⁻¹g + ½ln|K| − ln|dg/dy| − ln prior (Rasmussen and Williams 2006, eq. 5.8 and 5.9; warps: Snelson et al. 2004). */
export function createObjective(rows: Rows, range: Range): Objective {
  const { n } = rows.masks;
  const area = rows.size * rows.size;
  const room: Room = {
    tables: createTables(n),
    matrices: blocksOf(rows, area),
    work: new Float64Array(area),
    inverses: blocksOf(rows, area),
    distances: new Float64Array(area),
  };
  return (theta, gradient) => {
    gradient.fill(0);
    const hyper = unfold(theta, n);
    const warped = warpedBy(range, theta, n);
    fillTables(hyper.c, hyper.q, room.tables);
    fillKernels(rows, hyper, room.tables, room.matrices, room.distances);
    let value = -warped.logSlope;
    const parts = toBlocks(rows, warped.g);
    const weights: Float64Array[] = [];
    for (const [b, matrix] of room.matrices.entries()) {
      if (!factorise(matrix, rows.size)) return Number.POSITIVE_INFINITY;
      value += halfLogDeterminant(matrix, rows.size);
      invert(matrix, rows.size, room.work, room.inverses[b]);
      const alpha = times(room.inverses[b], parts[b]);
      for (let p = 0; p < rows.units; p++) value += 0.5 * parts[b][p] * alpha[p];
      weights.push(alpha);
    }
    addWarpSlopes(rows, warped, weights, theta, gradient);
    foldSlopes(hyper, slopesOf(rows, hyper, room, weights), gradient);
    return value + addPrior(theta, n, gradient);
  };
}

/** A symmetric matrix times a vector. */
export function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[i * size + j] * vector[j];
    out[i] = sum;
  }
  return out;
}

function addWarpSlopes(rows: Rows, warped: Warped, weights: readonly Float64Array[], theta: Float64Array, gradient: Float64Array): void {
  for (const [e, end] of warped.byEnd.entries()) {
    const parts = toBlocks(rows, end.g);
    let slope = -end.logSlope;
    for (const [b, alpha] of weights.entries()) for (let p = 0; p < rows.units; p++) slope += alpha[p] * parts[b][p];
    gradient[theta.length - 2 + e] += slope;
  }
}

/** ∂/∂K = ½(K⁻¹ − ααᵀ), carried back through the kernel to its parameters. The tables become those of the slopes. */
function slopesOf(rows: Rows, hyper: Hyper, room: Room, weights: readonly Float64Array[]): Slopes {
  const { units, size, paired, windows } = rows;
  const { product, single, total } = hyper;
  const { tables, distances, inverses } = room;
  const { groups, bits } = windows;
  const slopes: Slopes = { c: new Float64Array(hyper.c.length), q: new Float64Array(hyper.q.length), product: 0, noise: 0, single: 0 };
  let byTotal = 0;
  tables.fill(0);
  const [even, odd] = inverses;
  const [a, b] = weights;
  for (let p = 0; p < units; p++)
    for (let q = 0; q <= p; q++) {
      const at = p * size + q;
      const twice = p === q ? 0.5 : 1;
      const plus = twice * (even[at] - a[p] * a[q]);
      const minus = paired ? twice * (odd[at] - b[p] * b[q]) : 0;
      const distance = distances[at];
      const near = product * Math.exp(-distance);
      // By k(x, x') and, for pairs, by k(x, complement of x').
      const same = plus + minus;
      let byDistance = -same * (near + 2 * single);
      let byPairs = same;
      slopes.product += same * near;
      let linear = same * (total - 2 * distance);
      byTotal += same * single;
      if (p === q) slopes.noise += same;
      if (paired) {
        const across = plus - minus;
        const far = product * Math.exp(distance - total);
        byDistance += across * (far + 2 * single);
        byPairs += across;
        slopes.product += across * far;
        linear -= across * (total - 2 * distance);
        byTotal -= across * (far + single);
      }
      slopes.single += linear;
      for (let g = 0, i = p * groups, j = q * groups; g < groups; g++) {
        const entry = ((g << 10) | (bits[i + g] ^ bits[j + g])) << 1;
        tables[entry] += byDistance;
        tables[entry + 1] += byPairs;
      }
    }
  gatherTables(tables, slopes.c, slopes.q);
  for (let i = 0; i < slopes.c.length; i++) slopes.c[i] += byTotal;
  slopes.noise *= hyper.noise;
  slopes.single *= single;
  return slopes;
}
