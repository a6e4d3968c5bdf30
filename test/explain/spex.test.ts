import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { evaluateTerms, hierarchical, type Terms } from '../spectrum/planted.ts';
import { type Explanation, explain, maskKeyOf, planSpex, spexQueries, type ValueFunction, type WebspexError } from './support.ts';

/** A planted spectrum that notes every mask it is asked for; `spoil` changes chosen answers by their place in the order of asking. */
function planted(terms: Terms, spoil: (place: number) => number = () => 0): { value: ValueFunction; asked: string[] } {
  const asked: string[] = [];
  const value: ValueFunction = async (masks) => {
    const out = Float32Array.from(evaluateTerms(terms, masks), (v, r) => v + spoil(asked.length + r));
    for (let r = 0; r < masks.count; r++) asked.push(maskKeyOf(masks, r));
    return out;
  };
  return { value, asked };
}

/** Frequencies that no hierarchical method finds: twelve parities of three players. */
function parities(n: number): Terms {
  const random = createRandom(n);
  const terms: Terms = [];
  while (terms.length < 12) {
    const members = [...new Set([random.below(n), random.below(n), random.below(n)])].sort((a, b) => a - b);
    if (members.length === 3) terms.push([members, 1 + random.uniform()]);
  }
  return terms;
}

describe('explain with method spex', () => {
  it.each([
    [5, 1000],
    [8, 300],
    [11, 600],
    [14, 1344],
    [20, 700],
    [64, 864],
    [64, 1000],
    [64, 1400],
    [130, 1024],
  ])('asks distinct masks within its budget, all of the plan and some to grade on: %i players, %i passes', async (n, budget) => {
    const { value, asked } = planted(hierarchical(n, 20, 1));
    const e = await explain(value, { players: n, budget, method: 'spex', seed: 3 }).result;
    expect(asked.length).toBeLessThanOrEqual(budget);
    expect(new Set(asked).size).toBe(asked.length);
    expect(e.fit.queries).toBe(asked.length);
    expect(asked[0]).toBe('1'.repeat(n));
    expect(asked[1]).toBe('0'.repeat(n));
    if (e.fit.chosen === 'exact') {
      expect(asked.length).toBe(2 ** n);
      expect(e.fit.r2).toBe(1);
      return;
    }
    const plan = planSpex(n, { budget, seed: 3 });
    expect(e.fit.chosen).toBe('spex');
    expect(e.fit.heldOut).toBeGreaterThanOrEqual(16);
    expect(e.fit.heldOut).toBeLessThanOrEqual(256);
    const own = new Set(Array.from({ length: plan.masks.count }, (_, r) => maskKeyOf(plan.masks, r)));
    const grading = asked.filter((key) => !own.has(key));
    expect(grading.length).toBe(e.fit.heldOut);
    expect(asked.length).toBe(own.size + grading.length);
    // Complementary pairs, so half of all players are there on average.
    expect(grading.join('').split('1').length - 1).toBe((grading.length * n) / 2);
  });

  it('holds a budget of the published table exactly: n = 64, b = 4 at 1,728 passes, graded on the passes that equal queries save', async () => {
    const terms = parities(64);
    const { value } = planted(terms);
    const e = await explain(value, { players: 64, budget: spexQueries(64, 4), method: 'spex' }).result;
    expect(e.fit.queries).toBeLessThanOrEqual(1728);
    expect(e.fit.heldOut).toBe(70);
    expect(e.fit.r2).toBeGreaterThan(0.999);
    for (const [members, coefficient] of terms) {
      const found = e.spectrum.find((term) => term.members.join() === members.join());
      expect(Math.abs((found?.coefficient ?? 0) - coefficient)).toBeLessThan(1e-4);
    }
  });

  it('shows single players early, and what each whole stage finds', async () => {
    const looks: Explanation[] = [];
    for await (const e of explain(planted(parities(64)).value, { players: 64, budget: 2000, method: 'spex' })) looks.push(e);
    const queries = looks.map((e) => e.fit.queries);
    expect(queries.slice(0, 4)).toEqual([64, 128, 256, 512]);
    expect(looks.at(-1)?.fit.r2).toBeGreaterThan(0.999);
    for (const e of looks.slice(0, 4)) expect(Math.max(...e.spectrum.map((t) => t.members.length))).toBeLessThanOrEqual(1);
    for (const { fit } of looks) expect(fit.r2Low <= fit.r2 && fit.r2 <= fit.r2High && fit.heldOut >= 16).toBe(true);
    // The first stage (b = 3) is whole before the last look, and finds some parities already.
    const first = looks.find((e) => e.spectrum.some((t) => t.members.length === 3));
    expect(first?.fit.queries).toBeLessThan(1400);
  });

  it('lets no held-out value reach the fit: a planted leak would show', async () => {
    const terms = hierarchical(20, 30, 2);
    const run = (spoil?: (place: number) => number) =>
      explain(planted(terms, spoil).value, { players: 20, budget: 672, method: 'spex', seed: 5 }).result;
    const clean = await run();
    const pairs = clean.fit.heldOut / 2;
    const spoiled = await run((place) => ((place >> 1) % 4 === 3 && place >> 1 < 4 * pairs ? 50 * (place % 3) : 0));
    expect(spoiled.spectrum).toEqual(clean.spectrum);
    expect(spoiled.fit.r2).toBeLessThan(0);
    expect(clean.fit.r2).toBeGreaterThan(0.5);
  });

  it('gives the same document for the same seed, and stops with what is known at any point', async () => {
    const terms = parities(24);
    const run = () => explain(planted(terms).value, { players: 24, budget: 700, method: 'spex', seed: 5 }).result;
    const [{ timing: _a, ...a }, { timing: _b, ...b }] = [await run(), await run()];
    expect(JSON.stringify(a)).toBe(JSON.stringify(b));
    for (const end of [16, 300, 900]) {
      const { value } = planted(terms);
      let known = 0;
      const stopped = explain(
        async (masks, options) => {
          const out = await value(masks, options);
          known += masks.count;
          if (known >= end) stopped.stop();
          return out;
        },
        { players: 24, budget: 50_000, method: 'spex' },
      );
      const e = await stopped.result;
      expect(e.fit.queries).toBe(known);
      expect(e.fit.queries).toBeLessThan(50_000);
      expect(e.interactions.every((i) => Number.isFinite(i.value) && Number.isFinite(i.se))).toBe(true);
    }
  });

  it('rejects within the decoding where the run is aborted', async () => {
    const abort = new AbortController();
    const run = explain(planted(hierarchical(64, 200, 3)).value, {
      players: 64,
      budget: 7000,
      method: 'spex',
      signal: abort.signal,
      onProgress: ({ phase, queries }) => {
        if (phase === 'decoding' && queries > 5000) abort.abort();
      },
    });
    await expect(run.result).rejects.toMatchObject({ code: 'aborted' });
  });

  it('says how many passes it needs at least', async () => {
    const refusal = async (players: number, budget: number) =>
      (await explain(planted([]).value, { players, budget, method: 'spex' }).result.catch((e: unknown) => e)) as WebspexError;
    expect(await refusal(64, 359)).toMatchObject({ code: 'budget-too-small' });
    expect((await refusal(64, 359)).message).toMatch(/at least 360 passes for 64 players, got 359/);
    // Of 8 players there are 256 masks: all of them are fewer than SPEX would ask for.
    expect((await refusal(8, 200)).message).toMatch(/at least 256 passes/);
  });
});
