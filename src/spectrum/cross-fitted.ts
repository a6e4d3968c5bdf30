import { WebspexError } from '../core/errors.ts';
import { type Faithfulness, studentT, WORST } from './faithfulness.ts';

/** R² of the fit of all rows, from predictions by fits that had not seen the row. */
export interface CrossFitted extends Faithfulness {
  /** One-sided 95 % bound for a fit of as many rows as those fits had: what a stop rule compares, whatever the number of its looks. */
  readonly bound: number;
}

/** Share of the learning curve's slope that is credited to the fit of all rows, which has seen 1/(1 − 1/folds) as many. */
const CREDIT = 0.8;
/**
 * The plain standard error misses how far the fit at hand is from the average fit: it is widened by these, of the interval and of the bound.
 * Fitted for the Gaussian process, on 33 complete tables of transformers; `webspex bench coverage` measures what they hold: 94 % of 416
 * intervals of `auto`, 94 % of 208 of pursuit, 88 % of 56 of ProxySPEX (94 % on transformers), no constant fitted to these.
 */
const WIDENED = 1.7;
const WIDENED_BOUND = 1.8;
/**
 * Where pairs are few, a fifth more can be what it takes to find the function: the upper end credits the fit of all rows with a learning
 * curve whose exponent is larger by this at 32 pairs, and by as many over the root of the pairs at more. The least whole number with which
 * the intervals of `auto` hold the true R² in 95 of 100 looks below 100 passes on every second game of `webspex bench coverage` (with 1 it
 * is 94, with none 89); on the others, which had no say, they hold it in 91 in place of 88. (The variance corrected for
 * folds that share rows, Nadeau and Bengio 2003, eq. 9, asks for 1.5 where 1.7 stands above, so it changes nothing.)
 */
const STEEP = 2;
const STEEP_PAIRS = 32;
/** No end is nearer to R² than this: spectra are cut at such a share of the variance. */
const CUT = 5e-4;
/** How well what is left out is known, as a share of it. */
const LEFT_ERROR = 0.1;
/** Below this share of the variance the error is rounding of float32 values. */
const ROUNDING = 1e-13;

interface Sums {
  readonly error: number;
  readonly total: number;
  /** Σ values², to tell variance from rounding. */
  readonly size: number;
  readonly errors: Float64Array;
  readonly squares: Float64Array;
}

function sumUp(predicted: ArrayLike<number>, values: ArrayLike<number>): Sums {
  const count = values.length;
  let mean = 0;
  let size = 0;
  for (let r = 0; r < count; r++) mean += values[r] / count;
  for (let r = 0; r < count; r++) size += values[r] ** 2;
  const errors = Float64Array.from({ length: count }, (_, r) => (predicted[r] - values[r]) ** 2);
  const squares = Float64Array.from({ length: count }, (_, r) => (values[r] - mean) ** 2);
  return { error: errors.reduce((a, b) => a + b, 0), total: squares.reduce((a, b) => a + b, 0), size, errors, squares };
}

/** Standard error of ln Σ terms − ln Σ others by the delta method, rows 2p and 2p + 1 as one observation. */
function logError(terms: Float64Array, sum: number, others: Float64Array, otherSum: number): number {
  const pairs = Math.ceil(terms.length / 2);
  if (pairs < 2) return Number.POSITIVE_INFINITY;
  const influence = new Float64Array(pairs);
  for (let r = 0; r < terms.length; r++) influence[r >> 1] += terms[r] / sum - others[r] / otherSum;
  const mean = influence.reduce((a, b) => a + b, 0) / pairs;
  return Math.sqrt((pairs * influence.reduce((square, v) => square + (v - mean) ** 2, 0)) / (pairs - 1));
}

/**
 * R² over unseen masks of the fit of all rows, of which none was kept apart: `predicted` are predictions of each row by a fit of the other
 * folds, rows 2p and 2p + 1 complementary and in one fold. On the scale L = ln(1 − R²): the fit of all rows is expected to be better by
 * γ ln(1 − 1/folds), γ = 0.8·R², and the interval is L ± 1.7·t·s, s the standard error. Its end of higher R² is further off by
 * 2·√(32/pairs)·ln(1 − 1/folds), and is 1 where a fold's worth of rows is predicted without error; both ends are further off by .0005 of R².
 * `left` is the mean square of what those fits expect and the explanation leaves out. Without error nothing more than that is known: low is
 * 0.025^(1/pairs), as with masks kept apart.
 * @throws usage where the numbers of predictions and values differ.
 */
export function crossFitted(
  predicted: ArrayLike<number>,
  values: ArrayLike<number>,
  { folds, left = 0 }: { folds: number; left?: number },
): CrossFitted {
  const count = values.length;
  if (predicted.length !== count)
    throw new WebspexError('usage', `cross-fitted R²: expected ${count} predictions, got ${predicted.length}; predict every row`);
  if (count === 0) return { r2: 0, low: WORST, high: 1, bound: WORST };
  const sums = sumUp(predicted, values);
  const pairs = Math.ceil(count / 2);
  const constant = sums.total <= ROUNDING * ROUNDING * sums.size;
  if (sums.error <= ROUNDING * Math.max(sums.total, ROUNDING * sums.size) && left === 0)
    return { r2: 1, low: constant ? 0 : 0.025 ** (1 / pairs), high: 1, bound: constant ? 0 : 0.05 ** (1 / pairs) };
  if (constant || sums.error === 0) return { r2: 0, low: WORST, high: 1, bound: WORST };
  const { error, total, errors, squares } = sums;
  const share = error / total;
  const se = logError(errors, error, squares, total);
  // What is left out is known but for the fit's own errors; the variance that it is a share of is that of these rows.
  const even = new Float64Array(count).fill(1 / count);
  const lost = (left * count) / total;
  const loss = (t: number) => (lost > 0 ? lost * Math.exp(t * Math.hypot(LEFT_ERROR, logError(squares, total, even, 1))) : 0);
  const at = (log: number, t: number) => Math.max(WORST, 1 - Math.exp(log) - loss(t));
  const more = Math.log(1 - 1 / folds);
  const middle = Math.log(share) + CREDIT * Math.max(0, 1 - share) * more;
  const [two, one] = [studentT(0.975, pairs - 1), studentT(0.95, pairs - 1)];
  const exact = errors.reduce((rows, e) => rows + (e <= (ROUNDING * total) / count ? 1 : 0), 0);
  const best =
    exact >= count / folds ? Number.NEGATIVE_INFINITY : middle - two * WIDENED * se + STEEP * Math.sqrt(STEEP_PAIRS / pairs) * more;
  return {
    r2: at(middle, 0),
    low: Math.max(WORST, at(middle + two * WIDENED * se, two) - CUT),
    high: Math.min(1, at(best, -two) + CUT),
    bound: at(Math.log(share) + one * WIDENED_BOUND * se, one),
  };
}
