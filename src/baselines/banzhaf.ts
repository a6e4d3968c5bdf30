import { type Masks, maskStride } from '../core/masks.ts';
import { ridgeRefit } from '../spectrum/refit.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { polynomialBasis, polynomialFit } from './polynomial.ts';
import { sizesOf } from './strata.ts';

/**
 * Banzhaf values by maximum sample reuse (Wang and Jia 2023, eq. 9): the mean over the masks that have the player less the mean over those that
 * do not. Masks are uniform; the full and the empty one, which are there in any case, weigh as much as one mask of 2ⁿ does.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function banzhaf(masks: Masks, values: ArrayLike<number>): Promise<Fit> {
  checkValues(masks, values);
  const { n, count } = masks;
  const basis = polynomialBasis(n, 1);
  const sizes = sizesOf(masks);
  const sure = sizes.reduce((sum, s) => sum + Number(s === 0 || s === n), 0);
  const each = (2 ** n - sure) / Math.max(1, count - sure);
  // Weights add up to 1, so that 2ⁿ may overflow only where the ends weigh nothing.
  const scale = sure + each * (count - sure);
  const weights = Float64Array.from(sizes, (s) => (Number.isFinite(each) ? (s === 0 || s === n ? 1 : each) / scale : 1 / count));
  const missing = Math.max(0, 1 - count / 2 ** n);
  const pairs = Math.ceil(count / 2);
  const widen = Math.sqrt((missing * pairs) / Math.max(1, pairs - 1));
  const stride = maskStride(n);
  const monomial = new Float64Array(n + 1);
  const contributions = new Float64Array(pairs * (n + 1));
  let mean = 0;
  for (let r = 0; r < count; r++) mean += weights[r] * values[r];
  for (let i = 0; i < n; i++) {
    const sums = [0, 0];
    const masses = [0, 0];
    const side = (r: number) => (masks.words[r * stride + (i >> 5)] >>> (i & 31)) & 1;
    for (let r = 0; r < count; r++) {
      sums[side(r)] += weights[r] * values[r];
      masses[side(r)] += weights[r];
    }
    const means = sums.map((sum, s) => (masses[s] > 0 ? sum / masses[s] : 0));
    monomial[i + 1] = means[1] - means[0];
    for (let r = 0; r < count; r++) {
      const s = side(r);
      const share = (widen * weights[r] * (values[r] - means[s])) / masses[s];
      contributions[(r >> 1) * (n + 1) + i + 1] += s === 1 ? share : -share;
    }
  }
  // The additive function with these values whose mean over all masks is the mean of f.
  monomial[0] = mean - monomial.reduce((sum, v) => sum + v, 0) / 2;
  return polynomialFit('banzhaf', basis, monomial, contributions);
}

/**
 * Faith-Banzhaf of order ℓ (Tsai, Yeh and Ravikumar 2023, §4.1): least squares on all characters of at most ℓ players under uniform masks, so
 * its coefficients in the monomial basis are the FBII. @throws as `banzhaf`.
 */
export async function faithBanzhaf(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { sets } = polynomialBasis(masks.n, options.order ?? 2);
  const keys = keysOf(masks.n, sets);
  const { spectrum, factor } = ridgeRefit(masks, values, keys, new Float64Array(sets.length).fill(JITTER * masks.count));
  return { method: 'faith-banzhaf', spectrum, factor };
}

/** Keeps the normal matrix positive definite where characters coincide on the masks; far below the noise of any sample. */
const JITTER = 1e-10;

/** Bit-packed keys of sets of players. */
export function keysOf(n: number, sets: readonly (readonly number[])[]): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(sets.length * stride);
  for (const [s, set] of sets.entries()) for (const i of set) keys[s * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}
