import { cholesky, solveCholesky } from '../core/linalg.ts';
import type { DecodeOptions } from '../spectrum/spectrum.ts';
import type { Correlator } from './correlate.ts';
import { type Candidate, guessHeredity, isParent, screen, type Variances } from './screen.ts';
import { activePlayers, addTerms, createSupport, dropTerms, isInside, MAX_DEGREE, type Rows, type Support } from './support.ts';

/** Most terms, and terms added in one round. */
const MAX_TERMS = 400;
const ADDED = 6;
/** Most terms as a share of the rows. */
const MAX_SHARE = 0.6;
/** A candidate joins a round only with this share of the best one's gain. */
const WORTH = 0.4;
const ROUNDS = 120;
/** Terms with t² below this are pruned; after two removals a term is not tried again. */
const PRUNE = 3;
const REMOVALS = 2;
/** Least noise as a share of the variance: keeps normal matrices positive definite where there is no noise. */
export const LEAST_NOISE = 1e-9;
/** Least prior variance of a coefficient as a share of the variance. */
export const LEAST_PRIOR = 1e-6;

/** Ridge coefficients with the factor of their normal matrix. */
export interface Refit {
  readonly coefficients: Float64Array;
  readonly factor: Float64Array;
}

/** A chosen support with the coefficients of its ridge and the variances estimated on the way. */
export interface Greedy {
  readonly support: Support;
  readonly coefficients: Float64Array;
  readonly spread: Variances;
}

/**
 * Stagewise orthogonal matching over single players, pairs and extensions of chosen frequencies: up to six a round whose evidence exceeds a
 * Bayesian cost, ridge with σ²/τ_d² for degree d, pruning. `rows.y` has mean 0 and variance 1.
 */
export async function greedy(rows: Rows, correlator: Correlator, options: DecodeOptions): Promise<Greedy> {
  const { n, count } = rows.masks;
  const support = createSupport(rows);
  const spread: Variances = { noise: 1, byDegree: startingPriors(n) };
  let fit = refit(support, spread);
  const removals = new Map<string, number>();
  const most = Math.max(2, Math.min(MAX_TERMS, Math.floor(MAX_SHARE * count)));
  for (let round = 0; round < ROUNDS && support.size < most; round++) {
    const residual = residualOf(support, fit.coefficients);
    spread.noise = noiseOf(residual, support.size);
    const active = activePlayers(support);
    const parents = support.terms.filter(({ members }) => isParent(members));
    const actives = active.reduce((a, b) => a + b, 0);
    const screened = await screen({
      masks: rows.masks,
      correlator,
      residual,
      parents,
      active,
      heredity: guessHeredity(n, actives, parents.length),
      spread,
      slack: 0,
      breathe: options.breathe,
    });
    const candidates = screened.filter((c) => !isInside(support, c.members) && (removals.get(c.members.join()) ?? 0) < REMOVALS);
    if (candidates.length === 0) break;
    addTerms(support, pick(candidates, Math.min(ADDED, most - support.size)));
    fit = refit(support, spread);
    spread.noise = noiseOf(residualOf(support, fit.coefficients), support.size);
    updatePriors(support, fit.coefficients, spread);
    const dropped = dropWeak(support, fit, spread.noise);
    for (const key of dropped) removals.set(key, (removals.get(key) ?? 0) + 1);
    if (dropped.length > 0) fit = refit(support, spread);
    await options.breathe?.();
  }
  return { support, coefficients: refit(support, spread).coefficients, spread };
}

/** Single players hold about 60 % of the variance, and each degree less than the one before. */
export function startingPriors(n: number): Float64Array {
  return Float64Array.from({ length: MAX_DEGREE + 1 }, (_, d) => (d === 0 ? 0 : d === 1 ? 0.6 / Math.min(20, n) : 0.015 * 0.5 ** (d - 1)));
}

/** Residual variance with the terms' degrees of freedom taken off. */
export function noiseOf(residual: Float64Array, terms: number): number {
  let sum = 0;
  for (let i = 0; i < residual.length; i++) sum += residual[i] * residual[i];
  return Math.max(sum / Math.max(residual.length - terms, 0.2 * residual.length), LEAST_NOISE);
}

function pick(sorted: readonly Candidate[], most: number): number[][] {
  return sorted
    .slice(0, most)
    .filter((c, i) => i === 0 || c.gain > WORTH * sorted[0].gain)
    .map((c) => c.members);
}

/** Ridge of the support under the present variances. */
export function refit(support: Support, spread: Variances): Refit {
  const { size } = support;
  const normal = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) normal[i * size + j] = support.gram[i][j];
  for (let i = 1; i < size; i++) normal[i * size + i] += spread.noise / spread.byDegree[support.terms[i].members.length];
  const factor = cholesky(normal, size);
  return { factor, coefficients: solveCholesky(factor, size, Float64Array.from(support.moments)) };
}

/** What the support leaves of the values. */
export function residualOf(support: Support, coefficients: Float64Array): Float64Array {
  const residual = Float64Array.from(support.rows.y);
  for (const [k, { column }] of support.terms.entries()) {
    const c = coefficients[k];
    for (let i = 0; i < residual.length; i++) residual[i] -= c * column[i];
  }
  return residual;
}

/** Prior variances from the coefficients of each degree; where there are few, half of the degree below. */
export function updatePriors(support: Support, coefficients: Float64Array, { byDegree }: Variances): void {
  for (let d = 1; d <= MAX_DEGREE; d++) {
    let sum = 0;
    let terms = 0;
    for (let k = 1; k < support.size; k++) {
      if (support.terms[k].members.length !== d) continue;
      sum += coefficients[k] ** 2;
      terms++;
    }
    if (terms >= 3) byDegree[d] = Math.max(sum / terms, LEAST_PRIOR);
    else if (d > 1) byDegree[d] = Math.max(byDegree[d - 1] / 2, LEAST_PRIOR);
  }
}

/** Takes out the terms that are weak; returns their members, joined. */
export function dropWeak(support: Support, fit: Refit, noise: number): string[] {
  const weak = weakTerms(fit, noise);
  const keys = weak.map((k) => support.terms[k].members.join());
  dropTerms(support, weak);
  return keys;
}

/** Terms whose coefficient is below √3 of its standard error; ∅ is never weak. */
function weakTerms({ coefficients, factor }: Refit, noise: number): number[] {
  const size = coefficients.length;
  const weak: number[] = [];
  const column = new Float64Array(size);
  for (let k = 1; k < size; k++) {
    column[k] = 1 / factor[k * size + k];
    let norm = column[k] ** 2;
    for (let i = k + 1; i < size; i++) {
      let sum = 0;
      for (let p = k; p < i; p++) sum -= factor[i * size + p] * column[p];
      column[i] = sum / factor[i * size + i];
      norm += column[i] ** 2;
    }
    if (coefficients[k] ** 2 < PRUNE * noise * norm) weak.push(k);
  }
  return weak;
}
