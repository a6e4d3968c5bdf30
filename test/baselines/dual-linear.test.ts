import { describe, expect, it } from 'vitest';
import { dualLinear } from '../../src/baselines/dual-linear.ts';
import { linear } from '../../src/baselines/linear.ts';
import { isPresent, type Masks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { evaluateSpectrum } from '../../src/spectrum/spectrum.ts';

const x = (masks: Masks, r: number, i: number) => (isPresent(masks, r, i) ? -1 : 1);

/** Gradient descent on ‖y − b − Xc‖² + penalty‖c‖² until nothing moves. */
function descended(masks: Masks, values: Float64Array, penalty: number): number[] {
  const { n, count } = masks;
  const c = new Array<number>(n + 1).fill(0);
  const rate = 1 / (count * (n + 1) + penalty);
  for (let turn = 0; turn < 40_000; turn++) {
    const step = c.map((v, k) => (k === 0 ? 0 : -penalty * v));
    for (let r = 0; r < count; r++) {
      let rest = values[r] - c[0];
      for (let i = 0; i < n; i++) rest -= x(masks, r, i) * c[i + 1];
      step[0] += rest;
      for (let i = 0; i < n; i++) step[i + 1] += rest * x(masks, r, i);
    }
    for (let k = 0; k <= n; k++) c[k] += rate * step[k];
  }
  return c;
}

describe('the linear fit of fewer masks than players', () => {
  const n = 30;
  const random = createRandom(2);
  const effects = Array.from({ length: n }, () => random.normal());
  const masks = pairedMasks(n, 20, 3);
  const values = Float64Array.from({ length: 20 }, (_, r) => effects.reduce((sum, e, i) => sum + e * x(masks, r, i), random.normal()));
  const keys = Uint32Array.from({ length: n + 1 }, (_, k) => (k === 0 ? 0 : 1 << (k - 1)));

  it('is the ridge that gradient descent ends at, with a constant that is not penalised', async () => {
    const { spectrum } = await dualLinear(masks, values, keys, [0.5], 5, { seed: 1 });
    const want = descended(masks, values, 0.5 * 20);
    spectrum.coefficients.forEach((c, k) => {
      expect(c).toBeCloseTo(want[k], 5);
    });
  });

  it('expects as much error as it makes: standard errors of a sum with planted effects hold them', async () => {
    const many = 400;
    const truth = Array.from({ length: many }, () => random.normal());
    const some = pairedMasks(many, 256, 5);
    const asked = Float64Array.from({ length: 256 }, (_, r) => truth.reduce((sum, e, i) => sum + e * x(some, r, i), 0));
    const { posterior, spectrum } = await linear(some, asked, { seed: 1 });
    const variances = (await posterior?.variances(truth.map((_, i) => ({ members: [i], byDegree: Float64Array.of(0, 1) })))) ?? [];
    const within = truth.filter((e, i) => Math.abs(e - spectrum.coefficients[i + 1]) <= 1.96 * Math.sqrt(variances[i])).length;
    // Of 400, 95 % and three standard errors of that share.
    expect(within / many).toBeGreaterThan(0.91);
    expect(within / many).toBeLessThan(0.99);
    const fresh = pairedMasks(many, 200, 6);
    const missed = evaluateSpectrum(spectrum, fresh).reduce(
      (sum, p, r) => sum + (p - truth.reduce((s, e, i) => s + e * x(fresh, r, i), 0)) ** 2 / 200,
      0,
    );
    expect(missed / (posterior?.error ?? 0)).toBeGreaterThan(0.6);
    expect(missed / (posterior?.error ?? 0)).toBeLessThan(1.6);
  });
});
