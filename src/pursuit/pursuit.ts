import { cholesky, solveCholesky } from '../core/linalg.ts';
import { type Masks, maskStride } from '../core/masks.ts';
import type { DecodeOptions, Fit } from '../spectrum/spectrum.ts';
import { byteColumns } from './correlate.ts';
import { type Candidate, screen } from './screen.ts';
import { addTerms, createSupport, dropTerms, isInside, MAX_DEGREE, type Support } from './support.ts';

/** Most terms, and terms added in one round. */
const MAX_TERMS = 400;
const ADDED = 6;
/** A candidate joins a round only with this share of the best one's gain. */
const WORTH = 0.4;
const ROUNDS = 120;
/** Terms with t² below this are pruned; after two removals a term is not tried again. */
const PRUNE = 3;
const REMOVALS = 2;

/** Noise variance and the prior variance of a coefficient of each degree, re-estimated as terms come in (empirical Bayes). */
interface Variances {
  noise: number;
  readonly byDegree: Float64Array;
}

interface Refit {
  readonly coefficients: Float64Array;
  readonly factor: Float64Array;
}

/**
 * Hierarchical greedy pursuit of a sparse spectrum: stagewise orthogonal matching over single players, pairs and extensions of chosen
 * frequencies, each entering only if its evidence z² = ⟨χ, r⟩²/(Nσ²) exceeds a Bayesian cost that depends on its degree and on whether its
 * parents are active; ridge with σ²/τ_d² for degree d. No cross-validation is needed inside. For non-hierarchical functions it finds nothing.
 */
export async function pursuit(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  const count = masks.count;
  let mean = 0;
  for (let r = 0; r < count; r++) mean += values[r] / count;
  const y = Float64Array.from({ length: count }, (_, r) => values[r] - mean);
  const variance = y.reduce((sum, v) => sum + v * v, 0) / count;
  const support = createSupport(masks, y);
  const columns = byteColumns(masks);
  const spread = startingVariances(variance, masks.n);
  let fit = refit(support, spread);
  const removals = new Map<string, number>();
  const floor = 1e-9 * variance;
  for (let round = 0; round < ROUNDS && variance > 1e-24 * (mean * mean + 1e-30); round++) {
    const r = residual(support, fit.coefficients);
    spread.noise = noiseOf(r, support.size, floor);
    const candidates = screen(support, columns, r, spread).filter(
      (c) => !isInside(support, c.members) && (removals.get(c.members.join()) ?? 0) < REMOVALS,
    );
    if (candidates.length === 0) break;
    addTerms(support, pick(candidates));
    fit = refit(support, spread);
    spread.noise = noiseOf(residual(support, fit.coefficients), support.size, floor);
    updatePriors(support, fit.coefficients, spread, variance);
    const weak = weakTerms(fit, spread.noise);
    if (weak.length > 0) {
      for (const k of weak) removals.set(support.members[k].join(), (removals.get(support.members[k].join()) ?? 0) + 1);
      dropTerms(support, weak);
      fit = refit(support, spread);
    }
    if (support.size > Math.min(MAX_TERMS, 0.6 * count)) break;
    await options.breathe?.();
  }
  fit = refit(support, spread);
  fit.coefficients[0] += mean;
  return {
    method: 'pursuit',
    spectrum: { n: masks.n, keys: keysOf(support, masks.n), coefficients: fit.coefficients },
    factor: fit.factor,
  };
}

function startingVariances(variance: number, n: number): Variances {
  const byDegree = new Float64Array(MAX_DEGREE + 1);
  byDegree[1] = (0.6 * variance) / Math.min(20, n);
  for (let d = 2; d <= MAX_DEGREE; d++) byDegree[d] = 0.015 * variance * 0.5 ** (d - 1);
  return { noise: variance, byDegree };
}

function noiseOf(r: Float64Array, terms: number, floor: number): number {
  let sum = 0;
  for (let i = 0; i < r.length; i++) sum += r[i] * r[i];
  return Math.max(sum / Math.max(r.length - terms, 0.2 * r.length), floor, Number.MIN_VALUE);
}

/** The best few candidates, one entry a frequency. */
function pick(candidates: readonly Candidate[]): number[][] {
  const best = new Map<string, Candidate>();
  for (const c of candidates) {
    const key = c.members.join();
    if ((best.get(key)?.gain ?? Number.NEGATIVE_INFINITY) < c.gain) best.set(key, c);
  }
  const sorted = [...best.values()].sort((a, b) => b.gain - a.gain).slice(0, ADDED);
  return sorted.filter((c) => c.gain > WORTH * sorted[0].gain || c === sorted[0]).map((c) => c.members);
}

function refit(support: Support, spread: Variances): Refit {
  const { size } = support;
  const normal = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) normal[i * size + j] = support.gram[i][j];
  for (let i = 1; i < size; i++) normal[i * size + i] += spread.noise / Math.max(spread.byDegree[support.members[i].length], 1e-300);
  const factor = cholesky(normal, size);
  return { factor, coefficients: solveCholesky(factor, size, Float64Array.from(support.moments)) };
}

function residual(support: Support, coefficients: Float64Array): Float64Array {
  const r = Float64Array.from(support.y);
  for (let k = 0; k < support.size; k++) {
    const column = support.columns[k];
    const c = coefficients[k];
    for (let i = 0; i < r.length; i++) r[i] -= c * column[i];
  }
  return r;
}

function updatePriors(support: Support, coefficients: Float64Array, spread: Variances, variance: number): void {
  for (let d = 1; d <= MAX_DEGREE; d++) {
    let sum = 0;
    let terms = 0;
    for (let k = 1; k < support.size; k++) {
      if (support.members[k].length !== d) continue;
      sum += coefficients[k] ** 2;
      terms++;
    }
    if (terms >= 3) spread.byDegree[d] = Math.max(sum / terms, 1e-6 * variance);
    else if (d > 1) spread.byDegree[d] = Math.max(spread.byDegree[d - 1] / 2, 1e-6 * variance);
  }
}

/** Terms whose coefficient is below √3 of its standard error. */
function weakTerms({ coefficients, factor }: Refit, noise: number): number[] {
  const size = coefficients.length;
  const weak: number[] = [];
  const column = new Float64Array(size);
  for (let k = 1; k < size; k++) {
    column.fill(0);
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

function keysOf(support: Support, n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(support.size * stride);
  for (let k = 0; k < support.size; k++) for (const i of support.members[k]) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}
