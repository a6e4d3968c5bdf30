import { cholesky } from '../core/linalg.ts';
import { type Masks, pickMasks } from '../core/masks.ts';
import { pairFolds, rowsOutside } from '../spectrum/cross-validate.ts';
import { parityColumns } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import { checkValues, type DecodeOptions, evaluateSpectrum, type Fit, type Spectrum } from '../spectrum/spectrum.ts';
import { keysOf } from './banzhaf.ts';
import { polynomialBasis } from './polynomial.ts';

/** The path: this many penalties, the last so small a share of the first (ProxySPEX's appendix: 100 and 0.001). */
const PENALTIES = 100;
const LEAST_PENALTY = 1e-3;
const FOLDS = 5;
/** Sweeps at most, and the change of a coefficient (over the spread of the values) that ends them. */
const SWEEPS = 200;
const SETTLED = 1e-4;

interface Design {
  readonly rows: number;
  /** ±1, columns × rows. */
  readonly columns: Int8Array;
  readonly count: number;
}

/** The characters of some keys, ∅ left out, as ±1. */
function designOf(masks: Masks, sets: readonly (readonly number[])[]): Design {
  const packed = parityColumns(masks, keysOf(masks.n, sets));
  const rows = masks.count;
  const width = packed.length / sets.length;
  const columns = new Int8Array(sets.length * rows);
  for (let k = 0; k < sets.length; k++)
    for (let r = 0; r < rows; r++) columns[k * rows + r] = (packed[k * width + (r >> 5)] >>> (r & 31)) & 1 ? -1 : 1;
  return { rows, columns, count: sets.length };
}

function correlation({ columns, rows }: Design, k: number, residual: Float64Array): number {
  let sum = 0;
  for (let r = 0, at = k * rows; r < rows; r++) sum += columns[at + r] * residual[r];
  return sum / rows;
}

/** Coordinate descent for ½·mean square + λ·|c|₁ from where `c` and its residual stand (Friedman, Hastie and Tibshirani 2010). */
function descend(design: Design, c: Float64Array, residual: Float64Array, lambda: number, settled: number): void {
  const { columns, rows, count } = design;
  const update = (k: number): number => {
    const z = c[k] + correlation(design, k, residual);
    const next = Math.sign(z) * Math.max(0, Math.abs(z) - lambda);
    const change = next - c[k];
    if (change !== 0) for (let r = 0, at = k * rows; r < rows; r++) residual[r] -= change * columns[at + r];
    c[k] = next;
    return Math.abs(change);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let largest = 0;
    for (let k = 0; k < count; k++) largest = Math.max(largest, update(k));
    if (largest <= settled) return;
    const active = Array.from(c.keys()).filter((k) => c[k] !== 0);
    for (let inner = 0; inner < SWEEPS && largest > settled; inner++) {
      largest = 0;
      for (const k of active) largest = Math.max(largest, update(k));
    }
  }
}

/** Solutions along the path; `see` gets each, and may not keep it. */
async function followPath(
  design: Design,
  centred: Float64Array,
  lambdas: readonly number[],
  see: (step: number, c: Float64Array) => void,
  breathe: DecodeOptions['breathe'],
): Promise<void> {
  const c = new Float64Array(design.count);
  const residual = Float64Array.from(centred);
  const settled = SETTLED * Math.sqrt(centred.reduce((sum, v) => sum + v * v, 0) / centred.length);
  for (const [step, lambda] of lambdas.entries()) {
    descend(design, c, residual, lambda, settled);
    see(step, c);
    await breathe?.();
  }
}

function centre(values: ArrayLike<number>): { mean: number; centred: Float64Array } {
  let mean = 0;
  for (let r = 0; r < values.length; r++) mean += values[r] / values.length;
  return { mean, centred: Float64Array.from(values, (v) => v - mean) };
}

/** Penalties with their squared errors over rows that the path has not seen; the path ends where errors have long risen. */
async function unseenErrors(
  masks: Masks,
  values: ArrayLike<number>,
  sets: readonly (readonly number[])[],
  lambdas: readonly number[],
  options: DecodeOptions,
): Promise<Float64Array> {
  const errors = new Float64Array(lambdas.length);
  for (const fold of pairFolds(masks.count, FOLDS, options.seed)) {
    const rows = rowsOutside(fold, masks.count);
    const { mean, centred } = centre(Float64Array.from(rows, (r) => values[r]));
    const unseen = pickMasks(masks, fold);
    const see = (step: number, c: Float64Array) => {
      const predicted = evaluateSpectrum(sparse(masks.n, sets, c, 0), unseen);
      fold.forEach((r, i) => {
        errors[step] += (predicted[i] + mean - values[r]) ** 2;
      });
    };
    await followPath(designOf(pickMasks(masks, rows), sets), centred, lambdas, see, options.breathe);
  }
  return errors;
}

/** ∅ and the sets whose coefficient is not zero. */
function sparse(n: number, sets: readonly (readonly number[])[], c: Float64Array, constant: number): Spectrum {
  const live = Array.from(c.keys()).filter((k) => c[k] !== 0);
  return { n, keys: keysOf(n, [[], ...live.map((k) => sets[k])]), coefficients: Float64Array.from([constant, ...live.map((k) => c[k])]) };
}

/**
 * LASSO on the characters of at most `order` players (default 2), the penalty by cross-validation over folds of whole pairs. The factor is that
 * of the ridge which the penalty amounts to at the solution (Tibshirani 1996, §2.5).
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function lasso(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { n, count } = masks;
  const sets = polynomialBasis(n, options.order ?? 2).sets.slice(1);
  const design = designOf(masks, sets);
  const { mean, centred } = centre(values);
  let most = 0;
  for (let k = 0; k < sets.length; k++) most = Math.max(most, Math.abs(correlation(design, k, centred)));
  const lambdas = Array.from({ length: PENALTIES }, (_, i) => most * LEAST_PENALTY ** (i / (PENALTIES - 1)));
  const errors = await unseenErrors(masks, values, sets, lambdas, options);
  const best = errors.indexOf(Math.min(...errors));
  let spectrum = sparse(n, sets, new Float64Array(sets.length), mean);
  const keep = (step: number, c: Float64Array) => {
    if (step === best) spectrum = sparse(n, sets, c, mean);
  };
  await followPath(design, centred, lambdas.slice(0, best + 1), keep, options.breathe);
  const size = spectrum.coefficients.length;
  const normal = parityGram(parityColumns(masks, spectrum.keys), count);
  for (let k = 1; k < size; k++) normal[k * size + k] += (count * lambdas[best]) / Math.abs(spectrum.coefficients[k]);
  return { method: 'lasso', spectrum, factor: cholesky(normal, size) };
}
