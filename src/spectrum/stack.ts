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
/** A slope that is smaller beside the others by so much is rounding. */
const TELLING = 1e-12;
/** Turns for each predictor, of which it rarely needs more than one. */
const MOST_TURNS = 10;

/**
 * Weights of a mean of predictors that add up to 1 and are not negative, from their errors at rows that they had not seen (stacking, Breiman 1996; Yao
 * et al. 2018), as the mode of a posterior: errors are normal with a variance for each fold, and weights are normal around the centre.
 * min Σ_r g_r (Σ_k w_k e_kr)² + λ‖w − c‖², g_r the inverse variance of the row's fold over its mean, λ = 10 times the mean square error of the best
 * predictor, by active sets, which ends at the one minimum there is (Lawson and Hanson 1974, ch. 23, with a sum that is held).
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
  return leastOnSimplex(products, pull, centre);
}

/** Weights that are in use, what they are where they alone count and may be negative, and the slope that all of them then have. */
interface Face {
  readonly weights: Float64Array;
  readonly level: number;
}

/**
 * From the best single weight, always downhill: whichever unused one would gain most comes in, and of those that would become negative the first on
 * the way goes out.
 */
function leastOnSimplex(products: Float64Array, pull: number, centre: Float64Array): Float64Array {
  const k = centre.length;
  const slopeOf = (weights: Float64Array, i: number) =>
    weights.reduce((sum, w, j) => sum + products[i * k + j] * w, pull * (weights[i] - centre[i]));
  let weights = startingVertex(products, pull, centre);
  let used = [weights.indexOf(1)];
  let level = slopeOf(weights, used[0]);
  for (let turn = 0; turn < MOST_TURNS * k; turn++) {
    const gains = weights.map((_, i) => (used.includes(i) ? 0 : level - slopeOf(weights, i)));
    const best = gains.indexOf(Math.max(...gains));
    if (!(gains[best] > TELLING * (Math.abs(level) + products[best * k + best]))) break;
    used = [...used, best];
    for (;;) {
      const face = leastOn(used, products, pull, centre);
      const step = Math.min(1, ...used.filter((i) => face.weights[i] < 0).map((i) => weights[i] / (weights[i] - face.weights[i])));
      weights = weights.map((w, i) => w + step * (face.weights[i] - w));
      level = face.level;
      if (step === 1) break;
      // The one that has just come in may be at 0 and stay there.
      const out = used.filter((i) => face.weights[i] < 0).sort((i, j) => weights[i] - weights[j])[0];
      weights[out] = 0;
      used = used.filter((i) => i !== out);
    }
  }
  return weights.map((w) => Math.max(0, w));
}

/** All the weight on the predictor with which that costs least. */
function startingVertex(products: Float64Array, pull: number, centre: Float64Array): Float64Array {
  const k = centre.length;
  const costs = centre.map((c, i) => products[i * k + i] - 2 * pull * c);
  return new Float64Array(k).fill(1, costs.indexOf(Math.min(...costs)), costs.indexOf(Math.min(...costs)) + 1);
}

/** Where these weights alone are not 0: the minimum with sum 1. */
function leastOn(on: readonly number[], products: Float64Array, pull: number, centre: Float64Array): Face {
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
  const flat = solveCholesky(factor, size, new Float64Array(size).fill(1));
  const sum = (of: Float64Array) => of.reduce((a, b) => a + b, 0);
  const level = (1 - sum(pulled)) / sum(flat);
  const weights = new Float64Array(k);
  for (const [a, i] of on.entries()) weights[i] = pulled[a] + level * flat[a];
  return { weights, level };
}
