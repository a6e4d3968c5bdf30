import { describe, expect, it } from 'vitest';
import { createMasks, isPresent, type Masks, masksFromRows, setPresent } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { explainObserved } from '../../src/index.ts';
import { rejectedBy } from '../model/support.ts';

/** Random masks that keep most players, as retrainings do, and no two of them paired. */
function someMasks(n: number, count: number, seed: number, share = 0.7): Masks {
  const random = createRandom(seed);
  const masks = createMasks(n, count);
  for (let r = 0; r < count; r++) for (let i = 0; i < n; i++) if (random.uniform() < share) setPresent(masks, r, i, true);
  return masks;
}

/** 2·x3 − 1.5·x3·x7 + x11, noise of deviation 0.1. */
function outcomes(masks: Masks, seed: number): Float64Array {
  const random = createRandom(seed);
  const x = (r: number, i: number) => Number(isPresent(masks, r, i));
  return Float64Array.from({ length: masks.count }, (_, r) => 2 * x(r, 3) - 1.5 * x(r, 3) * x(r, 7) + x(r, 11) + 0.1 * random.normal());
}

describe('observed evaluations', () => {
  it('are explained without one more, with held-out R² and standard errors', async () => {
    const masks = someMasks(30, 600, 1);
    const e = await explainObserved({ masks, values: outcomes(masks, 2) }, { index: 'Moebius', maxOrder: 2 }).result;
    expect(e.fit.r2).toBeGreaterThan(0.9);
    expect([e.fit.queries, e.fit.heldOut]).toEqual([600, 150]);
    const value = (...members: number[]) => e.interactions.find((i) => i.members.join() === members.join());
    expect(value(3)?.value).toBeCloseTo(2, 0);
    expect(value(3, 7)?.value).toBeCloseTo(-1.5, 0);
    expect(e.interactions.slice(0, 3).map((i) => i.members.join())).toEqual(['3', '3,7', '11']);
    const truth = [2, -1.5, 1];
    for (const [i, { value: got, se }] of e.interactions.slice(0, 3).entries()) expect(Math.abs(got - truth[i])).toBeLessThan(4 * se);
    expect(e.timing).toMatchObject({ evaluateMs: 0, masksPerSecond: 0 });
  });

  it('that repeat a mask count once, and never grade a fit that has seen them: of pure noise, told four times, nothing is explained', async () => {
    const once = someMasks(12, 300, 3);
    const noise = Float64Array.from({ length: 300 }, (_, r) => createRandom(r).normal());
    const masks = { n: 12, count: 1200, words: Uint32Array.from({ length: 1200 }, (_, r) => once.words[r % 300]) };
    const e = await explainObserved({ masks, values: Float64Array.from({ length: 1200 }, (_, r) => noise[r % 300]) }).result;
    expect(e.fit.queries).toBe(new Set(once.words).size);
    expect(e.fit.r2).toBeLessThan(0.3);
  });

  it('of the full and the empty mask are quoted, each as the mean of what was seen', async () => {
    const rows = [new Array(6).fill(1), new Array(6).fill(1), new Array(6).fill(0)];
    const random = createRandom(4);
    for (let r = 0; r < 40; r++) rows.push(Array.from({ length: 6 }, () => random.below(2)));
    rows.splice(3, 40, ...rows.slice(3).map((row) => (row.every((v) => v === row[0]) ? [1, 0, 1, 0, 1, 0] : row)));
    const values = rows.map((row, r) => (r === 0 ? 5 : r === 1 ? 7 : r === 2 ? -1 : row.reduce((a: number, b: number) => a + b, 0)));
    const e = await explainObserved({ masks: masksFromRows(rows), values }, { method: 'linear' }).result;
    expect(e.values).toEqual({ full: 6, empty: -1 });
  });

  it('give the same document for the same seed', async () => {
    const masks = someMasks(20, 200, 5);
    const values = outcomes(masks, 6);
    const [a, b] = await Promise.all([1, 1].map((seed) => explainObserved({ masks, values }, { seed }).result));
    expect({ ...a, timing: null }).toEqual({ ...b, timing: null });
  });

  it('that cannot be explained are refused with what to do', async () => {
    const masks = someMasks(20, 100, 7);
    const values = outcomes(masks, 8);
    const few = someMasks(20, 10, 9);
    const bad = [
      [{ masks, values: values.subarray(1) }, {}, 'usage', /one for each of 100 masks, got 99/],
      [{ masks, values: values.map((v, r) => (r === 3 ? Number.NaN : v)) }, {}, 'non-finite', /got NaN for mask 3/],
      [{ masks: few, values: outcomes(few, 1) }, {}, 'budget-too-small', /at least 16 masks, got 10/],
      [{ masks, values }, { players: 19 }, 'usage', /expected 20 as in the masks, got 19/],
      [{ masks, values }, { method: 'leave-one-out' }, 'usage', /got leave-one-out, which chooses its own/],
      [{ masks, values }, { method: 'spex' }, 'usage', /got spex, which chooses its own/],
      [{ masks, values }, { method: 'lime' }, 'usage', /got lime, which chooses its own/],
      [{ masks, values }, { method: 'spex' }, 'usage', /got spex, which chooses its own/],
    ] as const;
    for (const [observed, options, code, message] of bad) {
      const error = await rejectedBy(explainObserved(observed, options).result);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });
});
