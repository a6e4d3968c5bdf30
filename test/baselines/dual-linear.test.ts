import { describe, expect, it } from 'vitest';
import { dualLinear } from '../../src/baselines/dual-linear.ts';
import { linear } from '../../src/baselines/linear.ts';
import { symmetricEigen } from '../../src/core/eigen.ts';
import { isPresent, type Masks, pickMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { pairFolds, rowsOutside } from '../../src/spectrum/cross-validate.ts';
import { plainGram } from '../../src/spectrum/gram.ts';
import { ridgeRefit } from '../../src/spectrum/refit.ts';
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

/** tr(K(K + penalty)⁻¹) by the eigenvalues of K, centred where `level` is 1. */
async function traceOfHat(gram: Float64Array, k: number, penalty: number, level: number): Promise<number> {
  const mean = (f: (j: number) => number) => Array.from({ length: k }, (_, j) => f(j)).reduce((a, b) => a + b, 0) / k;
  const rows = Array.from({ length: k }, (_, i) => mean((j) => gram[i * k + j]));
  const middle = mean((i) => rows[i]);
  const centred = Float64Array.from(gram, (v, at) => v - level * (rows[Math.floor(at / k)] + rows[at % k] - middle));
  return (await symmetricEigen(centred, k)).values.reduce((sum, v) => sum + v / (v + penalty), 0);
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

  it.each([
    ['in complementary pairs, solved as one equation each', masks, true],
    [
      'that are no pairs, and one more',
      pickMasks(
        pairedMasks(n, 60, 4),
        [...Array(17).keys()].map((r) => 3 * r),
      ),
      false,
    ],
  ])('chooses and solves, of masks %s, as the normal equations over the players do', async (_, some, paired) => {
    const asked = Float64Array.from({ length: some.count }, (_, r) =>
      effects.reduce((sum, e, i) => sum + e * x(some, r, i), 3 * random.normal()),
    );
    const strengths = [1e-3, 0.1, 10];
    const primal = (rows: readonly number[], strength: number) =>
      ridgeRefit(
        pickMasks(some, rows),
        Float64Array.from(rows, (r) => asked[r]),
        keys,
        new Float64Array(n + 1).fill(strength * some.count, 1),
      ).spectrum;
    const errors = strengths.map((strength) =>
      pairFolds(some.count, 5, 1).reduce((sum, unseen) => {
        const predicted = evaluateSpectrum(primal(rowsOutside(unseen, some.count), strength), pickMasks(some, unseen));
        return sum + unseen.reduce((s, r, i) => s + (predicted[i] - asked[r]) ** 2 / some.count, 0);
      }, 0),
    );
    const best = errors.indexOf(Math.min(...errors));
    const { spectrum, posterior } = await dualLinear(some, asked, keys, strengths, 5, { seed: 1 });
    const want = primal([...Array(some.count).keys()], strengths[best]).coefficients;
    expect(Math.max(...want.map((c, k) => Math.abs(c - spectrum.coefficients[k])))).toBeLessThan(1e-8);
    expect((posterior?.error ?? 0) / errors[best]).toBeCloseTo(1, 4);
    // A variance is the prior's less what the masks told of it; the same from the inverse itself.
    const gram = plainGram(some.words, n);
    const level = paired ? 0 : 1;
    const penalty = strengths[best] * some.count;
    const effective = await traceOfHat(gram, some.count, penalty, level);
    const left = 1 - effective / n;
    const [variance] = (await posterior?.variances([{ members: [0], byDegree: Float64Array.of(0, 1) }])) ?? [];
    // Eight random signs: some 1/√(8 · 10) of what is left.
    expect(variance / ((errors[best] * left) / (penalty + n * left))).toBeGreaterThan(0.7);
    expect(variance / ((errors[best] * left) / (penalty + n * left))).toBeLessThan(1.4);
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
