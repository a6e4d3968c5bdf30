import { cholesky, solveCholesky } from '../core/linalg.ts';

/**
 * Prior precision of each weight: a standard deviation of ⅓, so that the pull towards the centre counts as much as what some ten rows say of it.
 * Between 5 and 20 nothing changes by more than .0015 of R² (the tables and games of `crossValidate`).
 */
const PRECISION = 10;
/**
 * Errors of a fold have a variance of their own, known beforehand as well as from so many rows: where a fit comes to nothing in one fold of five and is
 * exact in the others, it will do with all rows.
 */
const SHARED_ROWS = 25;
/** Weights and variances of folds, in turn. */
const TURNS = 4;
/** Least variance of a fold as a share of all. */
const LEAST_VARIANCE = 1e-9;
/** Weights below this are not worth a fit. */
const LEAST_WEIGHT = 0.05;
/** Least noise as a share of the squares of the values, or of the largest errors: of two that are exact each gets what the centre gives it. */
const LEAST_NOISE = 1e-12;

/**
 * Weights of a mean of predictors that add up to 1 and are not negative, from their errors at rows that they had not seen (stacking, Breiman 1996; Yao
 * et al. 2018), as the mode of a posterior: errors are normal with a variance for each fold, and weights are normal around the centre.
 * min Σ_r g_r (Σ_k w_k e_kr)² + λ‖w − c‖², g_r the inverse variance of the row's fold over its mean, λ = 10 times the mean square error of the best
 * predictor, is sought on every face of the simplex: at most six predictors.
 */
export function stackWeights(
  errors: readonly Float64Array[],
  values: Float64Array,
  centre: Float64Array,
  folds: ArrayLike<number>,
): Float64Array {
  const precisions = new Float64Array(values.length).fill(1);
  let weights = weighed(errors, values, centre, precisions);
  for (let turn = 0; turn < TURNS; turn++) {
    renew(precisions, meanError(errors, weights), folds);
    weights = weighed(errors, values, centre, precisions);
  }
  const kept = weights.map((w) => (w < LEAST_WEIGHT ? 0 : w));
  const sum = kept.reduce((a, b) => a + b, 0);
  return kept.map((w) => w / sum);
}

function meanError(errors: readonly Float64Array[], weights: Float64Array): Float64Array {
  return errors[0].map((_, r) => errors.reduce((sum, e, k) => sum + weights[k] * e[r], 0));
}

/** Inverse variances of the folds from what is left, with mean 1. */
function renew(precisions: Float64Array, left: Float64Array, folds: ArrayLike<number>): void {
  const all = left.reduce((sum, e) => sum + e * e, 0) / Math.max(1, left.length);
  if (all === 0) return;
  const sums = new Map<number, { square: number; rows: number }>();
  for (let r = 0; r < left.length; r++) {
    const { square, rows } = sums.get(folds[r]) ?? { square: 0, rows: 0 };
    sums.set(folds[r], { square: square + left[r] * left[r], rows: rows + 1 });
  }
  let mean = 0;
  for (let r = 0; r < left.length; r++) {
    const { square, rows } = sums.get(folds[r]) as { square: number; rows: number };
    precisions[r] = 1 / Math.max((square / all + SHARED_ROWS) / (rows + SHARED_ROWS), LEAST_VARIANCE);
    mean += precisions[r] / left.length;
  }
  for (let r = 0; r < left.length; r++) precisions[r] /= mean;
}

/** The weights where the variances of folds are known. */
function weighed(errors: readonly Float64Array[], values: Float64Array, centre: Float64Array, precisions: Float64Array): Float64Array {
  const k = errors.length;
  const products = new Float64Array(k * k);
  for (let i = 0; i < k; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let r = 0; r < values.length; r++) sum += precisions[r] * errors[i][r] * errors[j][r];
      products[i * k + j] = sum;
      products[j * k + i] = sum;
    }
  const own = errors.map((_, i) => products[i * k + i]);
  const size = Math.max(
    ...own,
    values.reduce((sum, v) => sum + v * v, 0),
  );
  const pull = (PRECISION * Math.max(Math.min(...own), LEAST_NOISE * size, Number.MIN_VALUE ** 0.5)) / Math.max(1, values.length);
  let best = centre;
  let lowest = Number.POSITIVE_INFINITY;
  for (let face = 1; face < 2 ** k; face++) {
    const on = Array.from({ length: k }, (_, i) => i).filter((i) => (face >> i) & 1);
    const weights = leastOn(on, products, pull, centre);
    if (!weights) continue;
    const cost = costOf(weights, products, pull, centre);
    if (cost < lowest) [lowest, best] = [cost, weights];
  }
  return best;
}

/** Where these weights alone are not 0: the minimum with sum 1; null where one of them is negative there. */
function leastOn(on: readonly number[], products: Float64Array, pull: number, centre: Float64Array): Float64Array | null {
  const k = centre.length;
  const size = on.length;
  const matrix = new Float64Array(size * size);
  for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) matrix[a * size + b] = products[on[a] * k + on[b]] + (a === b ? pull : 0);
  const factor = cholesky(matrix, size);
  const pulled = solveCholesky(
    factor,
    size,
    Float64Array.from(on, (i) => pull * centre[i]),
  );
  const level = solveCholesky(factor, size, new Float64Array(size).fill(1));
  const sum = (of: Float64Array) => of.reduce((a, b) => a + b, 0);
  const lift = (1 - sum(pulled)) / sum(level);
  const weights = new Float64Array(k);
  for (const [a, i] of on.entries()) weights[i] = pulled[a] + lift * level[a];
  return weights.some((w) => w < 0) ? null : weights;
}

function costOf(weights: Float64Array, products: Float64Array, pull: number, centre: Float64Array): number {
  const k = weights.length;
  let cost = 0;
  for (let i = 0; i < k; i++) {
    cost += pull * (weights[i] - centre[i]) ** 2;
    for (let j = 0; j < k; j++) cost += weights[i] * products[i * k + j] * weights[j];
  }
  return cost;
}
