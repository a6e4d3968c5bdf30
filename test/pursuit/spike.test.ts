import { describe, expect, it } from 'vitest';
import { isPresent } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { ascend, type Belief, type Prior, SLABS, startingBelief, weigh } from '../../src/pursuit/spike.ts';

/** Trapezoid rule on 20,001 points of smooth integrands. */
const QUADRATURE = 1e-7;
/** Mean field against enumeration on nearly orthogonal columns, in posterior standard deviations and in probability. */
const MEAN_FIELD = 0.1;
const LIVE = 0.05;

const density = (x: number, variance: number) => Math.exp((-x * x) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

describe('the posterior of one coefficient', () => {
  it.each([
    [3, 0.3],
    [14, 0.02],
    [40, 0.5],
    [-22, 0.1],
    [0, 0.9],
  ])('is the integral of prior × likelihood: χᵀr = %f, prior probability %f', (u, chance) => {
    const count = 60;
    const prior: Prior = { chance, variance: 0.05, weights: Float64Array.of(0.5, 0.3, 0.2), noise: 0.7 };
    const belief = startingBelief(0);
    weigh(belief, u, count, prior);
    const reach = 3;
    const steps = 20_000;
    const moments = [0, 0, 0];
    for (let i = 0; i <= steps; i++) {
      const c = -reach + (2 * reach * i) / steps;
      const slab = SLABS.reduce((sum, s, g) => sum + prior.weights[g] * density(c, prior.variance * s), 0);
      const p = chance * slab * Math.exp((2 * u * c - count * c * c) / (2 * prior.noise)) * ((2 * reach) / steps);
      moments.forEach((_, k) => {
        moments[k] += p * c ** k;
      });
    }
    const whole = moments[0] + (1 - chance);
    expect(Math.abs(belief.live - moments[0] / whole)).toBeLessThan(QUADRATURE);
    expect(Math.abs(belief.mean - moments[1] / whole)).toBeLessThan(QUADRATURE);
    expect(Math.abs(belief.square - moments[2] / whole)).toBeLessThan(QUADRATURE);
    // The ridge with this penalty has the posterior mean as its solution.
    expect(Math.abs(u / (count + belief.penalty) - belief.mean)).toBeLessThan(1e-12);
  });
});

/** ln N(y; 0, σ²I + XDXᵀ) up to a constant, and E[c | y], by Gauss–Jordan on D⁻¹ + XᵀX/σ² over the live columns. */
function evidence(
  gram: number[][],
  moments: number[],
  variances: number[],
  noise: number,
): { log: number; mean: number[]; square: number[] } {
  const k = variances.length;
  const a = variances.map((v, i) => [
    ...variances.map((_, j) => gram[i][j] / noise + (i === j ? 1 / v : 0)),
    moments[i] / noise,
    ...variances.map((_, j) => (i === j ? 1 : 0)),
  ]);
  let log = 0;
  for (let i = 0; i < k; i++) {
    log -= 0.5 * Math.log(a[i][i] * variances[i]);
    const pivot = a[i][i];
    a[i] = a[i].map((v) => v / pivot);
    for (let j = 0; j < k; j++) {
      const factor = a[j][i];
      if (j !== i) a[j] = a[j].map((v, c) => v - factor * a[i][c]);
    }
  }
  const mean = a.map((row) => row[k]);
  log += mean.reduce((sum, m, i) => sum + 0.5 * m * (moments[i] / noise), 0);
  return { log, mean, square: a.map((row, i) => row[k + 1 + i] + mean[i] ** 2) };
}

describe('coordinate ascent', () => {
  it('agrees with the enumeration of all supports and slabs: 4⁶ models of six coefficients', () => {
    const sets = [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]];
    const truth = [0.5, 0.22, 0, 0.3, 0.12, 0];
    const noise = 0.6;
    const chances = [0.4, 0.4, 0.4, 0.2, 0.2, 0.1];
    const variance = 0.08;
    const weights = Float64Array.of(0.4, 0.4, 0.2);
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const masks = pairedMasks(8, 160, seed);
      const columns = sets.map((s) =>
        Float64Array.from({ length: masks.count }, (_, r) => (s.filter((i) => isPresent(masks, r, i)).length % 2 ? -1 : 1)),
      );
      const raw = Float64Array.from(columns[0], (_, r) =>
        truth.reduce((sum, c, k) => sum + c * columns[k][r], Math.sqrt(noise) * random.normal()),
      );
      const centred = (v: Float64Array) => v.map((x) => x - v.reduce((a, b) => a + b, 0) / v.length);
      const y = centred(raw);
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, r) => sum + v * b[r], 0);
      const flat = columns.map(centred); // ∅ has no prior: it is projected out
      const gram = flat.map((a) => flat.map((b) => dot(a, b)));
      const moments = flat.map((a) => dot(a, y));
      const exact = { live: sets.map(() => 0), mean: sets.map(() => 0), square: sets.map(() => 0) };
      let whole = 0;
      for (let model = 0; model < 4 ** sets.length; model++) {
        const slab = sets.map((_, k) => ((model >> (2 * k)) & 3) - 1);
        const live = [...sets.keys()].filter((k) => slab[k] >= 0);
        const { log, mean, square } = evidence(
          live.map((i) => live.map((j) => gram[i][j])),
          live.map((i) => moments[i]),
          live.map((k) => variance * SLABS[slab[k]]),
          noise,
        );
        const p = Math.exp(log) * slab.reduce((product, s, k) => product * (s < 0 ? 1 - chances[k] : chances[k] * weights[s]), 1);
        whole += p;
        live.forEach((k, i) => {
          exact.live[k] += p;
          exact.mean[k] += p * mean[i];
          exact.square[k] += p * square[i];
        });
      }
      const pool = columns.map((column, k): Belief & { column: Float64Array; k: number } => ({ column, k, ...startingBelief(0) }));
      const residual = Float64Array.from(y);
      const prior = ({ k }: { k: number }): Prior => ({ chance: chances[k], variance, weights, noise });
      for (let sweep = 0; sweep < 100 && ascend(pool, residual, prior) > 1e-9; sweep++);
      pool.forEach((p, k) => {
        const mean = exact.mean[k] / whole;
        const deviation = Math.sqrt(exact.square[k] / whole - mean * mean);
        expect(Math.abs(p.mean - mean), `mean of ${sets[k]}`).toBeLessThan(MEAN_FIELD * deviation);
        expect(Math.abs(p.live - exact.live[k] / whole), `probability of ${sets[k]}`).toBeLessThan(LIVE);
      });
    }
  });
});
