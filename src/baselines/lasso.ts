import { cholesky } from '../core/linalg.ts';
import { type Masks, pickMasks } from '../core/masks.ts';
import { pairFolds } from '../spectrum/cross-validate.ts';
import { parityColumns } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import { checkValues, type DecodeOptions, type Fit, type Spectrum } from '../spectrum/spectrum.ts';
import { keysOf } from './banzhaf.ts';
import { type Design, designOf, type Path, startPath, stepPath } from './lasso-path.ts';
import { polynomialBasis } from './polynomial.ts';

/** The path: this many penalties, the last so small a share of the first (ProxySPEX's appendix: 100 and 0.001). */
const PENALTIES = 100;
const LEAST_PENALTY = 1e-3;
const FOLDS = 5;
/** The paths of the folds end together, after so many penalties without a new least error of them all. */
const PATIENCE = 12;
/** The change of a coefficient, over the spread of the values, that ends a descent. */
const SETTLED = 1e-4;

/** Place of the penalty of least error at rows that the paths have not seen: of fold f those before ends[f] and not before the end of the fold before. */
async function bestPenalty(
  design: Design,
  values: ArrayLike<number>,
  ends: readonly number[],
  lambdas: readonly number[],
  breathe: DecodeOptions['breathe'],
): Promise<number> {
  const paths: Path[] = [];
  for (const [f, to] of ends.entries()) {
    paths.push(startPath(design, values, { from: ends[f - 1] ?? 0, to }, SETTLED));
    await breathe?.();
  }
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [step, lambda] of lambdas.entries()) {
    let error = 0;
    for (const path of paths) {
      stepPath(design, path, lambda);
      for (let r = path.from; r < path.to; r++) error += path.residual[r] ** 2;
      await breathe?.();
    }
    if (error < least) [best, least] = [step, error];
    else if (step - best >= PATIENCE) break;
  }
  return best;
}

/** ∅ and the sets whose coefficient is not zero. */
function sparse(n: number, sets: readonly (readonly number[])[], c: Float64Array, constant: number): Spectrum {
  const live = Array.from(c.keys()).filter((k) => c[k] !== 0);
  return { n, keys: keysOf(n, [[], ...live.map((k) => sets[k])]), coefficients: Float64Array.from([constant, ...live.map((k) => c[k])]) };
}

/**
 * LASSO on the characters of at most `order` players (default 2), the penalty by cross-validation over folds of whole pairs. The factor is that
 * of the ridge which the penalty amounts to at the solution (Tibshirani 1996, §2.5). Not the solver of src/spex/lasso.ts: that one has normal
 * equations of many rows, nearly all of them 0, and never columns; here columns are dense, and there are more of them than rows.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function lasso(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { n, count } = masks;
  const sets = polynomialBasis(n, options.order ?? 2).sets.slice(1);
  // Rows fold by fold, so that what a fold leaves out is one stretch and all paths share the columns.
  const folds = pairFolds(count, FOLDS, options.seed);
  const order = folds.flat();
  const ends = folds.map((_, f) => folds.slice(0, f + 1).reduce((sum, fold) => sum + fold.length, 0));
  const design = designOf(pickMasks(masks, order), keysOf(n, sets));
  const ordered = Float64Array.from(order, (r) => values[r]);
  const path = startPath(design, ordered, { from: 0, to: 0 }, SETTLED);
  const lambdas = Array.from({ length: PENALTIES }, (_, i) => path.lambda * LEAST_PENALTY ** (i / (PENALTIES - 1)));
  const best = await bestPenalty(design, ordered, ends, lambdas, options.breathe);
  for (const lambda of lambdas.slice(0, best + 1)) {
    stepPath(design, path, lambda);
    await options.breathe?.();
  }
  const spectrum = sparse(n, sets, path.c, path.mean);
  const size = spectrum.coefficients.length;
  const normal = parityGram(parityColumns(masks, spectrum.keys), count);
  for (let k = 1; k < size; k++) normal[k * size + k] += (count * lambdas[best]) / Math.abs(spectrum.coefficients[k]);
  return { method: 'lasso', spectrum, factor: cholesky(normal, size) };
}
