import { describe, expect, it } from 'vitest';
import { isPresent, maskKey } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { explainObserved } from '../../src/explain/observed.ts';
import { designOf, type Plan, planMasks } from '../../src/explain/plan.ts';
import { FOLDS, foldsOfAuto } from '../../src/explain/rows.ts';
import {
  explain,
  METHODS,
  type Method,
  maskKeyOf,
  methodIndex,
  type Spectrum,
  spectrumFromTerms,
  spectrumOfTable,
  toInteractions,
  type ValueFunction,
} from './support.ts';

const N = 10;
const TABLE = Float32Array.from({ length: 2 ** N }, (_, m) => {
  const on = (i: number) => (m >> i) & 1;
  return 2 * Math.tanh(on(0) + on(1) * on(2) - 1.5 * on(3) + 0.5 * on(4) * on(5) * on(6)) + 0.2 * on(7);
});
const look: ValueFunction = async (masks) => Float32Array.from(masks.words, (m) => TABLE[m]);
const OWN = METHODS.filter((m) => !['auto', 'exact'].includes(m));

/** A function of any number of players: a few pairs among the first ten. */
const wide: ValueFunction = async (masks) =>
  Float32Array.from({ length: masks.count }, (_, r) => {
    const on = (i: number) => Number(isPresent(masks, r, i));
    return on(0) + 2 * on(1) * on(2) - on(3) + 0.5 * on(4);
  });

describe('every method, through explain', () => {
  it.each(OWN)('%s spends no more than its budget on distinct masks, and is graded on masks it has not fitted', async (method) => {
    const asked: string[] = [];
    const counting: ValueFunction = (masks, options) => {
      for (let r = 0; r < masks.count; r++) asked.push(maskKeyOf(masks, r));
      return look(masks, options);
    };
    const e = await explain(counting, { players: N, budget: 300, method }).result;
    expect(asked.length).toBeLessThanOrEqual(300);
    expect(new Set(asked).size).toBe(asked.length);
    expect(e.fit.queries).toBe(asked.length);
    expect(e.fit.heldOut).toBeGreaterThanOrEqual(48);
    expect(e.fit.chosen).toBe(method);
    expect(e.index).toBe(methodIndex(method) ?? 'FBII');
    expect(e.interactions.length).toBeGreaterThanOrEqual(N);
    expect(e.interactions.every(({ value, se }) => Number.isFinite(value) && Number.isFinite(se))).toBe(true);
    if (method === 'leave-one-out') expect(asked.length).toBe(N + 2 + 64);
  });

  it.each(OWN.filter((m) => !['leave-one-out', 'lasso', 'kernelshap-iq', 'proxyspex', 'pursuit'].includes(m)))(
    '%s explains 40 players, and gives the same for the same seed',
    async (method) => {
      // Six fits of the Gaussian process at each look, which grow with the cube of the masks; others need as many as this to fit at all.
      const budget = method === 'gp' ? 600 : 2200;
      const run = () => explain(wide, { players: 40, budget, method, seed: 3 }).result;
      const e = await run();
      const value = (...members: number[]) => e.interactions.find((i) => i.members.join() === members.join())?.value ?? 0;
      // On its own, or with half of the pair: 1 and 2 add up to 2 one way or another.
      expect(value(3)).toBeLessThan(-0.8);
      expect(value(1) + value(2) + value(1, 2)).toBeGreaterThan(1.5);
      if (method === 'kernelshap') expect((await run()).interactions).toEqual(e.interactions);
    },
  );

  it('gp, LIME and Kernel SHAP are refused for more players than they can take, and auto then does without the process', async () => {
    const many = { players: 1025, budget: 64, seed: 1 };
    await expect(explain(wide, { ...many, method: 'gp' }).result).rejects.toThrow(
      /^method gp: expected at most 1024 players, got 1025; use auto, pursuit or spex/,
    );
    for (const method of ['lime', 'kernelshap'] as const)
      await expect(explain(wide, { ...many, players: 2001, budget: 5000, method }).result).rejects.toThrow(
        new RegExp(`^method ${method}: expected at most 2000 players`),
      );
    const { fit } = await explain(wide, { ...many, method: 'auto' }).result;
    expect(fit.candidates.map((c) => c.method)).not.toContain('gp');
  });

  it.each(['kernelshap', 'banzhaf', 'faith-banzhaf', 'faith-shap', 'kernelshap-iq'] as const)(
    '%s is exact where the budget covers every mask, and its R² is a fact',
    async (method) => {
      const e = await explain(look, { players: N, budget: 1024, method }).result;
      const exact = new Map(
        toInteractions(spectrumOfTable(TABLE, N), { index: e.index, maxOrder: e.maxOrder }).map((i) => [i.members.join(), i.value]),
      );
      for (const { members, value, se } of e.interactions) {
        expect(Math.abs(value - (exact.get(members.join()) ?? 0))).toBeLessThan(1e-5);
        expect(se).toBe(0);
      }
      expect(e.fit).toMatchObject({ heldOut: 0, queries: 1024 });
      expect(e.fit.r2Low).toBe(e.fit.r2High);
      expect(e.fit.r2).toBeLessThan(1);
    },
  );

  it('refuses, with what to do, another index than the method estimates, a budget it cannot fit on, and too many interactions', async () => {
    const fails = async (options: Parameters<typeof explain>[1]) =>
      explain(wide, options).result.then(
        () => '',
        (error: Error & { code: string }) => `${error.code}: ${error.message}`,
      );
    expect(await fails({ players: 40, method: 'kernelshap', index: 'FBII' })).toMatch(
      /usage: .*expected SV with method kernelshap, which estimates that, got FBII/,
    );
    expect(await fails({ players: 40, method: 'faith-banzhaf', budget: 400 })).toMatch(/budget-too-small: .*expected at least 1564 masks/);
    expect(await fails({ players: 40, method: 'permutation', budget: 100 })).toMatch(/budget-too-small: .*expected at least 158 masks/);
    expect(await fails({ players: 40, method: 'leave-one-out', budget: 40 })).toMatch(/budget-too-small/);
    expect(await fails({ players: 200, method: 'kernelshap-iq', budget: 100_000 })).toMatch(/usage: .*expected at most 600 interactions/);
  });

  it('takes as few players as there can be', async () => {
    for (const method of OWN)
      for (const players of [1, 2, 3]) {
        const small: ValueFunction = async (masks) => Float32Array.from(masks.words, (m) => m + (m === 3 ? 1 : 0));
        const e = await explain(small, { players, budget: 16, method }).result;
        expect(e.interactions.length, `${method}, ${players}`).toBeGreaterThanOrEqual(players);
      }
  });
});

describe('the plan of a run', () => {
  it('grades methods with masks of their own on the same masks apart, and others in turn on all their uniform masks but the first pair', () => {
    const apart = (method: Method): string[] => {
      const { masks, heldOut, inTurn } = planMasks(40, 600, 5, designOf(method, 'FBII'));
      const keys = Array.from({ length: masks.count }, (_, r) => maskKey(masks, r));
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.length).toBeLessThanOrEqual(600);
      if (inTurn) expect(inTurn).toEqual(Uint8Array.from(keys, (_, r) => Number(r > 1)));
      return keys.filter((_, r) => heldOut[r]);
    };
    expect(apart('pursuit')).toEqual([]);
    const own = OWN.filter((m) => designOf(m, 'FBII') !== null);
    expect(own).toEqual(['lime', 'kernelshap', 'permutation', 'faith-shap', 'kernelshap-iq', 'leave-one-out']);
    const longest = apart('kernelshap');
    expect(longest.length).toBe(150);
    for (const method of own) expect(longest.slice(0, apart(method).length)).toEqual(apart(method));
  });

  it('draws a quarter of the masks that fit by the Shapley kernel where Shapley values are asked for, and none for its own designs', () => {
    const sizes = ({ masks, inTurn }: Plan, grades: number[]) =>
      Array.from({ length: masks.count }, (_, r) => r)
        .filter((r) => grades.includes(inTurn?.[r] ?? -1))
        .map((r) => Array.from({ length: masks.n }, (_, i) => Number(isPresent(masks, r, i))).reduce((a, b) => a + b, 0));
    const plan = planMasks(60, 1000, 2, designOf('auto', 'SV'));
    const extreme = (list: number[]) => list.filter((s) => s < 12 || s > 48).length / list.length;
    expect(plan.masks.count).toBe(1000);
    // Of Shapley-sized sets of 60 players about 65 in 100 are that small or large; of uniform ones about none.
    expect(extreme(sizes(plan, [0, 1]))).toBeGreaterThan(0.12);
    expect(extreme(sizes(plan, [0, 1]))).toBeLessThan(0.22);
    expect(extreme(sizes(plan, [1]))).toBe(0);
    expect(designOf('auto', 'FBII')).toBeNull();
    expect(designOf('pursuit', 'SV')).not.toBeNull();
    expect(designOf('banzhaf', 'BV')).toBeNull();
  });

  it('so brings Shapley values closer than uniform masks do, mean of four saturating functions', async () => {
    const n = 12;
    let [mixed, uniform] = [0, 0];
    for (let seed = 0; seed < 4; seed++) {
      const random = createRandom(seed, 3);
      const weights = Array.from({ length: n }, () => 1.5 * random.normal());
      const table = Float32Array.from({ length: 2 ** n }, (_, m) => Math.tanh(weights.reduce((sum, w, i) => sum + w * ((m >> i) & 1), -1)));
      const value: ValueFunction = async (masks) => Float32Array.from(masks.words, (m) => table[m]);
      const shapley = (spectrum: Spectrum) => toInteractions(spectrum, { index: 'SV', maxOrder: 1 }).map((i) => i.value);
      const truth = shapley(spectrumOfTable(table, n));
      const error = async (index: 'SV' | 'FBII') => {
        const e = await explain(value, { players: n, budget: 512, method: 'pursuit', index, seed }).result;
        const found = shapley(
          spectrumFromTerms(
            n,
            e.spectrum.map((s) => [s.members, s.coefficient] as const),
          ),
        );
        return Math.hypot(...found.map((v, i) => v - truth[i])) / Math.hypot(...truth);
      };
      mixed += (await error('SV')) / 4;
      uniform += (await error('FBII')) / 4;
    }
    expect(mixed).toBeLessThan(0.9 * uniform);
  });
});

it('auto weighs its candidates over two folds where players and masks are many, and over five of any text', () => {
  expect(foldsOfAuto(5000, 4096)).toBe(2);
  expect(foldsOfAuto(1024, 8192)).toBe(2);
  expect(foldsOfAuto(1024, 8190)).toBe(FOLDS);
  expect(foldsOfAuto(128, 10_000)).toBe(FOLDS);
  // Halves of few masks would weigh nothing.
  expect(foldsOfAuto(100_000, 84)).toBe(FOLDS);
});

it('LASSO of pairs of thousands of players is refused before its characters are made', async () => {
  const observed = { masks: pairedMasks(5000, 64, 1), values: new Float64Array(64) };
  await expect(explainObserved(observed, { method: 'lasso' }).result).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/at most 10000 interactions to fit, got 12502500 of order up to 2 of 5000 players; lower the order/),
  });
});
