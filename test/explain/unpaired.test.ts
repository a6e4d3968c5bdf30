import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { isEven } from '../../src/explain/unpair.ts';
import { evaluateTerms, scattered, type Terms } from '../spectrum/planted.ts';
import { type ExplainOptions, explain, type Masks, maskKeyOf } from './support.ts';

const complementOf = (key: string) => key.replace(/./g, (c) => (c === '1' ? '0' : '1'));

/** The masks that a run asks about, in order. */
async function askedBy(terms: Terms, options: ExplainOptions): Promise<string[]> {
  const asked: string[] = [];
  const value = async (masks: Masks) => {
    for (let r = 0; r < masks.count; r++) asked.push(maskKeyOf(masks, r));
    return Float32Array.from(evaluateTerms(terms, masks));
  };
  await explain(value, options).result;
  return asked;
}

/** How many of the masks have their complement among them. */
const matched = (keys: readonly string[]) => {
  const all = new Set(keys);
  return keys.filter((key) => all.has(complementOf(key))).length;
};

const even: Terms = scattered(20, 6, () => 4, createRandom(3));
const mixed: Terms = scattered(20, 6, (k) => 3 + (k % 2), createRandom(3));

describe('a function of which complementary masks have the same value', () => {
  it('is asked for one of each pair after the first look, others for both', async () => {
    const options = { players: 20, budget: 200, method: 'pursuit', seed: 4 } as const;
    const asked = await askedBy(even, options);
    expect(asked).toHaveLength(200);
    expect(new Set(asked).size).toBe(200);
    expect(matched(asked.slice(0, 64))).toBe(64);
    expect(matched(asked)).toBe(64);
    // Either of a pair, so that every player is there about half of the time.
    for (let i = 0; i < 20; i++) {
      const kept = asked.slice(64).filter((key) => key[i] === '1').length;
      expect(kept).toBeGreaterThan(41); // 136 coins: 68 ± 4.6 standard errors
      expect(kept).toBeLessThan(95);
    }
    expect(matched(await askedBy(mixed, options))).toBe(200);
    // Averages over masks lose by it what complements cancel.
    expect(matched(await askedBy(even, { ...options, method: 'banzhaf' }))).toBe(200);
  });

  it('is asked for the same masks again with the same seed, and a shorter run for the first of them', async () => {
    const options = { players: 20, method: 'pursuit', seed: 4 } as const;
    const long = await askedBy(even, { ...options, budget: 200 });
    expect(await askedBy(even, { ...options, budget: 200 })).toEqual(long);
    expect(await askedBy(even, { ...options, budget: 120 })).toEqual(long.slice(0, 120));
  });

  it('gets complements all the same where there are no further pairs', async () => {
    const terms = scattered(9, 4, () => 4, createRandom(5));
    const asked = await askedBy(terms, { players: 9, budget: 400, method: 'pursuit', seed: 2 });
    expect(asked).toHaveLength(400);
    expect(new Set(asked).size).toBe(400);
    expect(matched(asked.slice(0, 64 + 224))).toBe(64);
  });
});

describe('isEven', () => {
  const random = createRandom(8);
  /** The ends, then pairs of values e + o and e − o. */
  const valuesOf = (pairs: number, oddShare: number) =>
    Array.from({ length: pairs }, (_, p) => {
      const [e, o] = [random.normal(), Math.sqrt(oddShare) * random.normal()];
      return p === 0 ? [50, -50] : [5 + e + o, 5 + e - o];
    }).flat();

  it('takes an odd part of less than a hundredth for nothing, whatever the ends are', () => {
    expect(isEven(valuesOf(32, 0), 64)).toBe(true);
    expect(isEven(valuesOf(32, 0.003), 64)).toBe(true);
    expect(isEven(valuesOf(32, 0.05), 64)).toBe(false);
  });

  it('does not judge by few pairs, or where nothing varies', () => {
    expect(isEven(valuesOf(16, 0), 32)).toBe(false);
    expect(isEven(new Array(64).fill(3), 64)).toBe(false);
  });
});
