import { halfLogDeterminant, solvedSquare, times } from './factor.ts';
import { addPrior, foldSlopes, type Hyper, type Slopes, shapeOf, shiftsOf, unfold, warpPlace } from './hyper.ts';
import { farOf, fillKernels, pairWork, type Rows, toBlocks } from './kernel.ts';
import { createMatrices } from './matrices.ts';
import type { Objective } from './minimise.ts';
import { type Pace, paced } from './pace.ts';
import { addMixSlopes, mixRow, suffixMatrix } from './suffix.ts';
import { applyWarp, type Range, standardise, type Warped } from './warp.ts';
import { createTables, fillTables, gatherTables, TABLE_WORK, type Tables } from './windows.ts';

/** The values as the process sees them under θ. */
export function warpedBy(range: Range, theta: Float64Array, n: number, suffix = false): Warped {
  const at = warpPlace(n, suffix);
  return shapeOf(theta, n, suffix).warp ? applyWarp(range, theta[at], theta[at + 1]) : standardise(range);
}

/** What a value leaves for the gradient at the same θ. */
interface Seen {
  readonly theta: Float64Array;
  readonly hyper: Hyper;
  readonly warped: Warped;
  readonly parts: readonly Float64Array[];
}

/**
 * Minus the log posterior of θ, less a constant: ½gᵀK⁻¹g + ½ln|K| − ln|dg/dy| − ln prior (Rasmussen and Williams 2006, eq. 5.8 and 5.9; warps:
 * Snelson et al. 2004). +∞ where the kernel is not positive definite. `shifts`: as `shiftsOf` gives them. To be released.
 */
export function createObjective(
  rows: Rows,
  range: Range,
  breathe?: () => Promise<void>,
  shifts = shiftsOf(undefined, rows.masks.n),
): Objective & { release(): void } {
  const { n } = rows.masks;
  const { size, suffix } = rows;
  const tables = createTables(n);
  const distances = new Float64Array(size * size);
  const matrices = createMatrices(rows.paired ? 2 : 1, size);
  const pace = paced(breathe);
  let endings: Float64Array | null = null;
  let seen: Seen | null = null;
  return {
    async value(theta) {
      const hyper = unfold(theta, n, suffix);
      const warped = warpedBy(range, theta, n, suffix);
      const parts = toBlocks(rows, warped.g);
      seen = { theta: theta.slice(), hyper, warped, parts };
      fillTables(hyper.c, hyper.q, tables);
      await pace(TABLE_WORK * tables.length);
      if (suffix) endings ??= await suffixMatrix(rows.windows, pace);
      await fillKernels(rows, hyper, tables, matrices.lower, pace, distances, endings ?? undefined);
      let value = addPrior(theta, new Float64Array(theta.length), shifts, suffix) - warped.logSlope;
      for (const [b, matrix] of matrices.lower.entries()) {
        if (!(await matrices.factorise(b, pace))) return Number.POSITIVE_INFINITY;
        value += halfLogDeterminant(matrix, size) + 0.5 * solvedSquare(matrix, parts[b]);
        await pace(size * size);
      }
      return value;
    },
    async gradient(out) {
      if (!seen) return;
      const { theta, hyper, warped, parts } = seen;
      const weights: Float64Array[] = [];
      for (const [b, inverse] of matrices.inverses.entries()) {
        await matrices.invert(b, pace);
        weights.push(times(inverse, parts[b]));
        await pace(size * size);
      }
      out.fill(0);
      addWarpSlopes(rows, warped, weights, theta, out);
      foldSlopes(hyper, await slopesOf(rows, hyper, { tables, distances, endings, inverses: matrices.inverses }, weights, pace), out);
      addPrior(theta, out, shifts, suffix);
    },
    release: () => matrices.release(),
  };
}

function addWarpSlopes(rows: Rows, warped: Warped, weights: readonly Float64Array[], theta: Float64Array, gradient: Float64Array): void {
  for (const [e, end] of warped.byEnd.entries()) {
    const parts = toBlocks(rows, end.g);
    let slope = -end.logSlope;
    for (const [b, alpha] of weights.entries()) for (let p = 0; p < rows.units; p++) slope += alpha[p] * parts[b][p];
    gradient[theta.length - 2 + e] += slope;
  }
}

interface Room {
  readonly tables: Tables;
  readonly distances: Float64Array;
  /** Where endings count. */
  readonly endings: Float64Array | null;
  readonly inverses: readonly Float64Array[];
}

/** ∂/∂K = ½(K⁻¹ − ααᵀ), carried back through the kernel to its parameters. The tables become those of the slopes. */
async function slopesOf(rows: Rows, hyper: Hyper, room: Room, weights: readonly Float64Array[], pace: Pace): Promise<Slopes> {
  const slopes: Slopes = {
    c: new Float64Array(hyper.c.length),
    q: new Float64Array(hyper.q.length),
    suffix: new Float64Array(hyper.suffix.length),
    product: 0,
    noise: 0,
    single: 0,
  };
  const endings = room.endings && { beside: new Float64Array(rows.size), byBeside: new Float64Array(rows.size) };
  let byTotal = 0;
  room.tables.fill(0);
  for (let p = 0; p < rows.units; p++) {
    if (room.endings && endings) mixRow(hyper.suffix, room.endings, p, endings.beside);
    byTotal += addRow(rows, hyper, room, endings, weights, p, slopes);
    if (room.endings && endings) addMixSlopes(room.endings, p, endings.byBeside, slopes.suffix);
    const rest = pace(pairWork(rows, p));
    if (rest) await rest;
  }
  gatherTables(room.tables, slopes.c, slopes.q);
  await pace(TABLE_WORK * room.tables.length);
  for (let i = 0; i < slopes.c.length; i++) slopes.c[i] += byTotal;
  slopes.noise *= hyper.noise;
  slopes.single *= hyper.single;
  return slopes;
}

/** What endings add to s² in one row, and the slopes by it. */
interface RowEndings {
  readonly beside: Float64Array;
  readonly byBeside: Float64Array;
}

/** What row p of the lower triangles adds; the slope by C alone is returned. */
function addRow(
  rows: Rows,
  hyper: Hyper,
  room: Room,
  endings: RowEndings | null,
  weights: readonly Float64Array[],
  p: number,
  slopes: Slopes,
): number {
  const { size, paired, windows } = rows;
  const { product, single, total } = hyper;
  const { tables, distances, inverses } = room;
  const { groups, bits } = windows;
  const [even, odd] = inverses;
  const [a, b] = weights;
  let [byTotal, byProduct, bySingle] = [0, 0, 0];
  for (let q = 0; q <= p; q++) {
    const at = p * size + q;
    const twice = p === q ? 0.5 : 1;
    const plus = twice * (even[at] - a[p] * a[q]);
    const minus = paired ? twice * (odd[at] - b[p] * b[q]) : 0;
    const distance = distances[at];
    const fallen = Math.exp(-distance);
    const whole = product * fallen;
    const near = endings ? whole + endings.beside[q] * fallen : whole;
    // By k(x, x') and, for pairs, by k(x, complement of x').
    const same = plus + minus;
    let byDistance = -same * (near + 2 * single);
    let byPairs = same;
    byProduct += same * whole;
    if (endings) endings.byBeside[q] = same * fallen;
    let linear = same * (total - 2 * distance);
    byTotal += same * single;
    if (p === q) slopes.noise += same;
    if (paired) {
      const across = plus - minus;
      const far = farOf(hyper, distance, near);
      byDistance += across * (far + 2 * single);
      byPairs += across;
      byProduct += across * far;
      linear -= across * (total - 2 * distance);
      byTotal -= across * (far + single);
    }
    bySingle += linear;
    for (let g = 0, i = p * groups, j = q * groups; g < groups; g++) {
      const entry = ((g << 10) | (bits[i + g] ^ bits[j + g])) << 1;
      tables[entry] += byDistance;
      tables[entry + 1] += byPairs;
    }
  }
  slopes.product += byProduct;
  slopes.single += bySingle;
  return byTotal;
}
