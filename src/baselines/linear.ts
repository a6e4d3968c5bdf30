import { type Masks, maskStride, pickMasks } from '../core/masks.ts';
import { ridgePath } from '../core/ridge-path.ts';
import { pairFolds } from '../spectrum/cross-validate.ts';
import { parityColumns, parityMoments } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import { breathingRefit } from '../spectrum/refit.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { dualLinear } from './dual-linear.ts';

/** Ridge strengths tried, as shares of the number of rows. */
const STRENGTHS = [1e-6, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100];
const FOLDS = 5;

/** Keys of ∅ and every single player. */
function singletonKeys(n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array((n + 1) * stride);
  for (let i = 0; i < n; i++) keys[(i + 1) * stride + (i >> 5)] = 1 << (i & 31);
  return keys;
}

/** Penalty on every coefficient but the first, ∅. */
function penalties(size: number, strength: number): Float64Array {
  return new Float64Array(size).fill(strength).fill(0, 0, 1);
}

interface Normal {
  readonly gram: Float64Array;
  readonly moments: Float64Array;
}

function normalOf(masks: Masks, values: Float64Array, keys: Uint32Array): Normal {
  const columns = parityColumns(masks, keys);
  return { gram: parityGram(columns, masks.count), moments: parityMoments(columns, masks.count, values) };
}

/** Σ(y − Xc)² = yᵀy − 2cᵀXᵀy + cᵀXᵀXc over the rows of a normal matrix. */
function squaredError({ gram, moments }: Normal, c: Float64Array, energy: number): number {
  let error = energy;
  for (let i = 0; i < c.length; i++) {
    let sum = 0;
    for (let j = 0; j < c.length; j++) sum += gram[i * c.length + j] * c[j];
    error += c[i] * (sum - 2 * moments[i]);
  }
  return error;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = a[i] - b[i];
  return out;
}

/** Error over unseen folds for each strength; one Gram matrix a fold, subtracted from the whole. */
async function foldErrors(masks: Masks, values: Float64Array, keys: Uint32Array, options: DecodeOptions): Promise<Float64Array> {
  const whole = normalOf(masks, values, keys);
  await options.breathe?.();
  const size = whole.moments.length;
  const errors = new Float64Array(STRENGTHS.length);
  for (const fold of pairFolds(masks.count, FOLDS, options.seed)) {
    const unseen = Float64Array.from(fold, (r) => values[r]);
    const part = normalOf(pickMasks(masks, fold), unseen, keys);
    await options.breathe?.();
    const rest = { gram: difference(whole.gram, part.gram), moments: difference(whole.moments, part.moments) };
    await options.breathe?.();
    const energy = unseen.reduce((sum, v) => sum + v * v, 0);
    const strengths = STRENGTHS.map((strength) => strength * masks.count);
    const path = await ridgePath(rest.gram, size, penalties(size, 1), strengths, rest.moments, { breathe: options.breathe });
    for (const [s, c] of path.entries()) {
      errors[s] += squaredError(part, c, energy);
      await options.breathe?.();
    }
  }
  return errors;
}

/**
 * The linear explanation: ridge on ∅ and the single players, its strength by cross-validation over folds of whole pairs. Under uniform
 * masks this is LIME with equal weights, and its coefficients are −½ the Banzhaf values.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function linear(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const keys = singletonKeys(masks.n);
  const mean = Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  const centred = Float64Array.from(values, (v) => v - mean);
  if (masks.n >= masks.count) {
    const fit = await dualLinear(masks, centred, keys, STRENGTHS, FOLDS, options);
    fit.spectrum.coefficients[0] += mean;
    return fit;
  }
  const errors = await foldErrors(masks, centred, keys, options);
  const best = errors.indexOf(Math.min(...errors));
  const { spectrum, factor } = await breathingRefit(
    masks,
    centred,
    keys,
    penalties(keys.length / maskStride(masks.n), STRENGTHS[Math.max(0, best)] * masks.count),
    options.breathe,
  );
  spectrum.coefficients[0] += mean;
  return { method: 'linear', spectrum, factor };
}
