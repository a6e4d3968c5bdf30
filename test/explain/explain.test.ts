import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.ts';
import { type Explanation, explain, isPresent, type Masks, maskKeyOf, type ValueFunction, WebspexError } from './support.ts';

/** float32 values carry about 7 digits; sums of a hundred of them lose one. */
const FLOAT32 = 1e-5;

type Terms = readonly (readonly [readonly number[], number])[];

/** Σ weight · Π (player present): an oracle in the monomial basis, which the library never builds. */
function polynomial(terms: Terms, noise = 0, random?: Random): { value: ValueFunction; asked: string[] } {
  const asked: string[] = [];
  const value: ValueFunction = async (masks) => {
    const out = new Float32Array(masks.count);
    for (let r = 0; r < masks.count; r++) {
      asked.push(maskKeyOf(masks, r));
      for (const [members, weight] of terms) if (members.every((i) => isPresent(masks, r, i))) out[r] += weight;
      if (random) out[r] += noise * random.normal();
    }
    return out;
  };
  return { value, asked };
}

const PLANTED: Terms = [
  [[], 0.5],
  [[0], 1],
  [[3], -2],
  [[7], 0.7],
  [[0, 3], 1.5],
  [[3, 7], -1],
  [[0, 3, 7], 2],
];

const effectOf = (e: Explanation, ...members: number[]) => e.interactions.find((i) => i.members.join() === members.join())?.value ?? 0;

async function failure(work: Promise<unknown>): Promise<WebspexError> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(WebspexError);
  return error as WebspexError;
}

describe('explain', () => {
  it('spends no more than its budget, on distinct masks, and says what it spent', async () => {
    for (const [n, budget] of [
      [20, 100],
      [40, 64],
      [5, 31],
      [70, 200],
    ]) {
      const { value, asked } = polynomial(PLANTED.filter(([m]) => m.every((i) => i < n)));
      const { fit } = await explain(value, { players: n, budget, method: 'linear' }).result;
      expect(asked.length).toBeLessThanOrEqual(budget);
      expect(asked.length).toBeGreaterThanOrEqual(budget - 1);
      expect(new Set(asked).size).toBe(asked.length);
      expect(fit.queries).toBe(asked.length);
      expect(fit.budget).toBe(budget);
    }
  });

  it('is exact where the budget covers every mask, and equals the planted polynomial', async () => {
    const { value, asked } = polynomial(PLANTED);
    const e = await explain(value, { players: 8, budget: 256, index: 'Moebius', maxOrder: 3 }).result;
    expect(asked.length).toBe(256);
    expect(e.fit).toMatchObject({ r2: 1, r2Low: 1, r2High: 1, chosen: 'exact', queries: 256 });
    for (const [members, weight] of PLANTED)
      if (members.length > 0) expect(Math.abs(effectOf(e, ...members) - weight)).toBeLessThan(FLOAT32);
    expect(e.interactions.filter((i) => Math.abs(i.value) > FLOAT32).length).toBe(PLANTED.length - 1);
    expect(Math.abs(e.values.empty - 0.5)).toBeLessThan(FLOAT32);
    expect(Math.abs(e.values.full - 2.7)).toBeLessThan(FLOAT32);
  });

  it.each(['pursuit', 'proxyspex', 'gp', 'auto'] as const)(
    '%s finds planted interactions among 40 players, with small errors',
    async (method) => {
      const { value } = polynomial(PLANTED);
      const e = await explain(value, { players: 40, budget: 512, method, maxOrder: 3 }).result;
      expect(e.fit.r2).toBeGreaterThan(0.98);
      // FBII of a polynomial of degree ≤ maxOrder is the polynomial itself.
      for (const members of [
        [0, 3],
        [3, 7],
        [0, 3, 7],
      ]) {
        const found = e.interactions.find((i) => i.members.join() === members.join());
        const planted = PLANTED.find(([m]) => m.join() === members.join())![1];
        expect(Math.abs((found?.value ?? 0) - planted)).toBeLessThan(Math.max(0.25, 4 * (found?.se ?? 0)));
      }
    },
  );

  it('shows valid snapshots at 64, 128, 256 passes, each graded on all its masks but the first pair, in five turns', async () => {
    const { value } = polynomial(PLANTED, 0.1, createRandom(3));
    const looks: Explanation[] = [];
    for await (const e of explain(value, { players: 24, budget: 300, method: 'pursuit' })) looks.push(e);
    expect(looks.map((e) => e.fit.queries)).toEqual([64, 128, 256, 300]);
    expect(looks.map((e) => e.fit.heldOut)).toEqual([62, 126, 254, 298]);
    expect(looks.every((e) => e.fit.folds === 5)).toBe(true);
    for (const { fit } of looks) {
      expect(fit.r2Low).toBeLessThanOrEqual(fit.r2);
      expect(fit.r2High).toBeGreaterThanOrEqual(fit.r2);
      expect(fit.r2High).toBeLessThanOrEqual(1);
    }
    expect(looks.at(-1)!.fit.r2).toBeGreaterThan(0.9);
  });

  it('does not claim to explain noise: no leak from fitting to grading', async () => {
    const random = createRandom(11);
    const r2: number[] = [];
    for (let seed = 0; seed < 6; seed++) {
      const e = await explain(async (m) => Float32Array.from({ length: m.count }, () => random.normal()), {
        players: 20,
        budget: 256,
        seed,
      }).result;
      r2.push(e.fit.r2);
      expect(e.fit.r2Low).toBeLessThan(0.2);
    }
    expect(r2.reduce((a, b) => a + b) / r2.length).toBeLessThan(0.05);
  });

  it('gives the same document for the same seed, but for the timing', async () => {
    const run = () => explain(polynomial(PLANTED).value, { players: 20, budget: 128, seed: 5 }).result;
    const [{ timing: _a, ...a }, { timing: _b, ...b }] = [await run(), await run()];
    expect(JSON.stringify(a)).toBe(JSON.stringify(b));
  });

  it('stop keeps what is known; abort discards it', async () => {
    const slow = (terms: Terms): ValueFunction => {
      const { value } = polynomial(terms);
      return async (masks) => {
        await new Promise((r) => setTimeout(r, 20));
        return value(masks);
      };
    };
    const run = explain(slow(PLANTED), { players: 30, budget: 100_000, method: 'linear' });
    for await (const e of run) if (e.fit.queries >= 64) run.stop();
    const kept = await run.result;
    expect(kept.fit.queries).toBeGreaterThanOrEqual(64);
    expect(kept.fit.queries).toBeLessThan(100_000);
    expect(kept.interactions.length).toBeGreaterThanOrEqual(30);

    const abort = new AbortController();
    const aborted = explain(slow(PLANTED), { players: 30, budget: 100_000, method: 'linear', signal: abort.signal });
    setTimeout(() => abort.abort(), 60);
    expect((await failure(aborted.result)).code).toBe('aborted');
  });

  it('handles one player, two players and a constant function', async () => {
    const one = await explain(polynomial([[[0], 3]]).value, { players: 1, budget: 16 }).result;
    expect(Math.abs(effectOf(one, 0) - 3)).toBeLessThan(FLOAT32);
    const constant = await explain(async (m) => new Float32Array(m.count).fill(4), { players: 30, budget: 64 }).result;
    expect(constant.interactions.every((i) => Math.abs(i.value) < FLOAT32)).toBe(true);
    expect(Number.isFinite(constant.fit.r2)).toBe(true);
  });

  it('refuses bad options and bad answers with a code and what to do', async () => {
    const { value } = polynomial(PLANTED);
    const cases: [ValueFunction, Parameters<typeof explain>[1], string][] = [
      [value, { players: 0 }, 'usage'],
      [value, { players: [] }, 'empty-input'],
      [value, { players: 20, budget: 8 }, 'budget-too-small'],
      [value, { players: 20, budget: 100, method: 'exact' }, 'usage'],
      [value, { players: 10, budget: 100, method: 'exact' }, 'budget-too-small'],
      [value, { players: 10, budget: 2.5 }, 'usage'],
      [value, { players: 10, method: 'magic' as 'auto' }, 'usage'],
      [value, { players: 10, index: 'XX' as 'SV' }, 'usage'],
      [value, { players: 10, maxOrder: 0 }, 'usage'],
      [async (m: Masks) => new Float32Array(m.count + 1), { players: 20 }, 'value-function'],
      [async (m: Masks) => new Float32Array(m.count).fill(Number.NaN), { players: 20 }, 'non-finite'],
      [() => Promise.reject(new Error('out of cheese')), { players: 20 }, 'value-function'],
    ];
    for (const [f, options, code] of cases) {
      const error = await failure(explain(f, options).result);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(/expected .+, got .+/s);
    }
  });
});
