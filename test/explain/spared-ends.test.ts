import { describe, expect, it } from 'vitest';
import { isPresent, type Masks, type ValueFunction } from '../../src/core/masks.ts';
import { compareMethods } from '../../src/explain/compare.ts';
import { explainFrom, FUNCTION_ORIGIN } from '../../src/explain/explain.ts';
import type { ExplainOptions } from '../../src/explain/options.ts';

const PLAYERS = 24;
const present = (masks: Masks, r: number) => Array.from({ length: PLAYERS }, (_, i) => Number(isPresent(masks, r, i)));
/** A sum over players but at the empty set, which is far off, as a head that was trained on nothing is. */
const value = (row: readonly number[]) => (row.includes(1) ? row.reduce((sum, v, i) => sum + v * ((i % 5) - 1.5), 0) : 400);
const valueFunction: ValueFunction = async (masks) => Float32Array.from({ length: masks.count }, (_, r) => value(present(masks, r)));

async function explained(options: Partial<ExplainOptions>, spareEnds: boolean) {
  const all = { players: PLAYERS, budget: 128, method: 'linear', maxOrder: 1, ...options } as const;
  return explainFrom(async () => ({ valueFunction, options: all, origin: FUNCTION_ORIGIN, spareEnds })).result;
}

const farthest = (interactions: readonly { members: readonly number[]; value: number }[]) =>
  Math.max(...interactions.map(({ members, value: v }) => Math.abs(v - ((members[0] % 5) - 1.5))));

describe('ends that are spared', () => {
  it('are counted and quoted, and the effects are those of all other masks', async () => {
    const e = await explained({}, true);
    expect([e.fit.queries, e.values.empty]).toEqual([128, 400]);
    expect(e.values.full).toBeCloseTo(value(new Array(PLAYERS).fill(1)), 4);
    expect(farthest(e.interactions)).toBeLessThan(0.05);
    expect(e.fit.r2).toBeGreaterThan(0.99);
    // One mask of 128 is enough to spoil them all.
    const spoilt = await explained({}, false);
    expect(farthest(spoilt.interactions)).toBeGreaterThan(1);
    expect(spoilt.fit.r2).toBeLessThan(0.9);
  });

  it('are so in a comparison too', async () => {
    const comparing = { players: PLAYERS, budget: 128, maxOrder: 1, methods: ['linear', 'pursuit'] as const };
    const { methods } = await compareMethods(valueFunction, { ...comparing, spareEnds: true });
    const alone = await explained({}, true);
    for (const { r2, explanation } of methods) {
      expect(r2).toBeGreaterThan(0.99);
      expect(explanation.values.empty).toBe(400);
    }
    expect(methods.find(({ method }) => method === 'linear')?.explanation.interactions).toEqual(alone.interactions);
    const spoilt = await compareMethods(valueFunction, comparing);
    expect(spoilt.methods.find(({ method }) => method === 'linear')?.r2).toBeLessThan(0.9);
  });

  it('are not where the index gives them weight', async () => {
    const [spared, fitted] = [await explained({ index: 'Moebius' }, true), await explained({ index: 'Moebius' }, false)];
    expect(spared.spectrum).toEqual(fitted.spectrum);
  });
});
