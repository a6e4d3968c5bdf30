import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import {
  type ExplainOptions,
  type Explanation,
  explain,
  isPresent,
  type Masks,
  maskKeyOf,
  predictRows,
  type ValueFunction,
} from './support.ts';

const N = 24;
const worth = (masks: Masks, r: number): number => {
  const on = (i: number) => Number(isPresent(masks, r, i));
  return 2 * on(0) - 1.5 * on(3) + on(7) + 1.2 * on(0) * on(3) - on(5) * on(6) + 0.3 * on(9) * on(11) * on(12);
};
const value: ValueFunction = async (masks) => Float32Array.from({ length: masks.count }, (_, r) => worth(masks, r));

function recording(): { value: ValueFunction; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    value: (masks, options) => {
      for (let r = 0; r < masks.count; r++) asked.push(maskKeyOf(masks, r));
      return value(masks, options);
    },
  };
}

async function looksOf(f: ValueFunction, options: ExplainOptions): Promise<Explanation[]> {
  const looks: Explanation[] = [];
  for await (const e of explain(f, options)) looks.push(e);
  return looks;
}

describe('a stop rule', () => {
  it('ends the run at the first look that is sure enough, long before the budget, and the R² that was asked for is true', async () => {
    const { value: f, asked } = recording();
    const looks = await looksOf(f, { players: N, budget: 2000, method: 'pursuit', untilR2: 0.9 });
    const last = looks[looks.length - 1];
    expect(looks[0].fit.queries).toBe(64);
    expect(last.fit.queries).toBeLessThan(600);
    expect(asked.length).toBe(last.fit.queries);
    for (const { fit } of looks.slice(0, -2)) expect(fit.until).toMatchObject({ r2: 0.9, reached: false });
    for (const { fit } of looks.slice(0, -2)) expect(fit.until!.bound).toBeLessThan(0.9);
    expect(last.fit.until).toMatchObject({ r2: 0.9, reached: true });
    expect(last.fit.until!.bound).toBeGreaterThanOrEqual(0.9);
    const random = createRandom(99);
    const rows = Array.from({ length: 2000 }, () => Array.from({ length: N }, () => random.below(2)));
    const truth = rows.map((row) => {
      const on = (i: number) => row[i];
      return 2 * on(0) - 1.5 * on(3) + on(7) + 1.2 * on(0) * on(3) - on(5) * on(6) + 0.3 * on(9) * on(11) * on(12);
    });
    const mean = truth.reduce((a, b) => a + b) / truth.length;
    const predicted = predictRows(last, rows);
    const error = truth.reduce((sum, v, r) => sum + (v - predicted[r]) ** 2, 0);
    expect(1 - error / truth.reduce((sum, v) => sum + (v - mean) ** 2, 0)).toBeGreaterThanOrEqual(0.9);
  });

  it('looks after 1.35 times as many passes each time, spends the whole budget on noise, and says that it was not reached', async () => {
    const random = createRandom(4);
    const noise: ValueFunction = async (masks) => Float32Array.from({ length: masks.count }, () => random.normal());
    const looks = await looksOf(noise, { players: N, budget: 130, method: 'linear', untilR2: 0.5 });
    expect(looks.map((e) => e.fit.queries)).toEqual([64, 86, 116, 130]);
    expect(looks[3].fit.until).toMatchObject({ reached: false });
  });
});

describe('an audit', () => {
  it('asks for fresh masks last, grades on them what was explained without them, and then fits them too', async () => {
    const { value: f, asked } = recording();
    const looks = await looksOf(f, { players: N, budget: 160, method: 'pursuit', audit: 32 });
    const [before, after] = looks.slice(-2);
    expect([before.fit.queries, after.fit.queries, asked.length]).toEqual([128, 160, 160]);
    expect(new Set(asked).size).toBe(160);
    expect(before.fit.audit).toBeUndefined();
    const rows = asked.slice(128).map((key) => Array.from(key, Number));
    const truth = (await value(masksOf(rows), {})) as Float32Array;
    const mean = truth.reduce((a, b) => a + b, 0) / 32;
    const predicted = predictRows(before, rows);
    const error = truth.reduce((sum, v, r) => sum + (v - predicted[r]) ** 2, 0);
    const { audit } = after.fit;
    expect(audit!.masks).toBe(32);
    expect(Math.abs(audit!.r2 - (1 - error / truth.reduce((sum, v) => sum + (v - mean) ** 2, 0)))).toBeLessThan(1e-6);
    expect(audit!.r2Low).toBeLessThanOrEqual(audit!.r2);
    // All but the first pair grade in turn: what audited is among what was fitted.
    expect(after.fit.heldOut).toBe(158);
    expect(after.spectrum).not.toEqual(before.spectrum);
  });

  it('comes after a stop too, and beyond no budget', async () => {
    const { value: f, asked } = recording();
    const e = await explain(f, { players: N, budget: 2000, method: 'pursuit', untilR2: 0.8, audit: 31 }).result;
    expect(e.fit.audit!.masks).toBe(32);
    expect(e.fit.until!.reached).toBe(true);
    expect(e.fit.queries).toBe(asked.length);
    const all = await explain(async (m) => Float32Array.from(m.words, (w) => w % 5), { players: 6, budget: 64, audit: 8 }).result;
    expect(all.fit).toMatchObject({ queries: 64, r2: 1, chosen: 'exact' });
    expect(all.fit.audit).toBeUndefined();
  });
});

it('stop rule and audit are refused, with what to do, where they do not go with the method, the number or the passes', async () => {
  const fails = (options: Partial<ExplainOptions>) =>
    explain(value, { players: N, budget: 100, ...options }).result.then(
      () => '',
      (error: Error & { code: string }) => `${error.code}: ${error.message}`,
    );
  expect(await fails({ method: 'lime', untilR2: 0.9 })).toMatch(/^usage: untilR2: expected a method .*got lime; use auto/);
  expect(await fails({ method: 'spex', audit: 32 })).toMatch(/^usage: audit: expected a method/);
  for (const untilR2 of [0, 1, 90, Number.NaN])
    expect(await fails({ untilR2 })).toMatch(/^usage: untilR2: expected a number between 0 and 1/);
  expect(await fails({ audit: -2 })).toMatch(/^usage: audit/);
  expect(await fails({ audit: 90 })).toMatch(/^budget-too-small: audit: expected 16 passes beside 90/);
});

function masksOf(rows: number[][]): Masks {
  const words = Uint32Array.from(rows, (row) => row.reduce((word, bit, i) => word | (bit << i), 0) >>> 0);
  return { n: N, count: rows.length, words };
}
