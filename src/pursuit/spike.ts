import { dot } from './support.ts';

/** Prior of a live coefficient: a mixture of normals with these multiples of τ², since real coefficients have heavy tails. */
export const SLABS = [0.08, 0.6, 3];

/** What is known of one coefficient before the data. */
export interface Prior {
  /** Probability that it is not zero. */
  readonly chance: number;
  /** τ², and the weight of each slab. */
  readonly variance: number;
  readonly weights: Float64Array;
  /** Variance of the values given all coefficients, σ². */
  readonly noise: number;
}

/** What is known of it after. */
export interface Belief {
  /** Posterior mean and mean square. */
  mean: number;
  square: number;
  /** Posterior probability that the coefficient is not zero, and of each slab where it is not. */
  live: number;
  readonly slabs: Float64Array;
  /** The ridge penalty that gives the posterior mean, and the one if the coefficient were surely not zero. */
  penalty: number;
  leastPenalty: number;
}

/** A belief in the given value, before any data. */
export function startingBelief(mean: number): Belief {
  return {
    mean,
    square: mean * mean,
    live: mean === 0 ? 0 : 1,
    slabs: new Float64Array(SLABS.length),
    penalty: Number.POSITIVE_INFINITY,
    leastPenalty: 0,
  };
}

/**
 * Posterior of one coefficient of a ±1 column of `count` rows given the others, u = χᵀ(residual without it): exact for normal noise. Each
 * slab alone would shrink u to u/(N + σ²/τ²).
 */
export function weigh(belief: Belief, u: number, count: number, { chance, variance, weights, noise }: Prior): void {
  const logs = belief.slabs;
  let most = Number.NEGATIVE_INFINITY;
  for (let g = 0; g < SLABS.length; g++) {
    const ratio = noise / (variance * SLABS[g]);
    const shrunk = u / (count + ratio);
    logs[g] = Math.log(weights[g]) + 0.5 * Math.log(ratio / (count + ratio)) + (shrunk * u) / (2 * noise);
    most = Math.max(most, logs[g]);
  }
  let sum = 0;
  for (let g = 0; g < SLABS.length; g++) {
    logs[g] = Math.exp(logs[g] - most);
    sum += logs[g];
  }
  const odds = Math.log(chance / (1 - chance)) + most + Math.log(sum);
  belief.live = 1 / (1 + Math.exp(-odds));
  let inverse = 0;
  let shrinkage = 0;
  let square = 0;
  for (let g = 0; g < SLABS.length; g++) {
    belief.slabs[g] /= sum;
    const ratio = noise / (variance * SLABS[g]);
    inverse += belief.slabs[g] / (count + ratio);
    shrinkage += (belief.slabs[g] * ratio) / (count + ratio);
    square += belief.slabs[g] * (noise / (count + ratio) + (u / (count + ratio)) ** 2);
  }
  belief.mean = belief.live * inverse * u;
  belief.square = belief.live * square;
  // 1 / (live · inverse) − N without its cancellation.
  belief.penalty = (1 / (1 + Math.exp(odds)) + belief.live * shrinkage) / (belief.live * inverse);
  belief.leastPenalty = shrinkage / inverse;
}

/**
 * One round of coordinate ascent over ±1 columns: each belief is renewed given the means of all others, and `residual` is kept equal to
 * the values less all means and less its own mean (∅ is free). Returns the furthest that a mean has moved.
 */
export function ascend<T extends Belief & { readonly column: Float64Array }>(
  pool: readonly T[],
  residual: Float64Array,
  priorOf: (term: T) => Prior,
): number {
  const count = residual.length;
  let drift = 0;
  for (let r = 0; r < count; r++) drift += residual[r] / count;
  for (let r = 0; r < count; r++) residual[r] -= drift;
  let moved = 0;
  for (const p of pool) {
    const before = p.mean;
    weigh(p, dot(p.column, residual) + count * before, count, priorOf(p));
    const step = p.mean - before;
    if (Math.abs(step) < 1e-12) continue;
    for (let r = 0; r < count; r++) residual[r] -= step * p.column[r];
    moved = Math.max(moved, Math.abs(step));
  }
  return moved;
}
