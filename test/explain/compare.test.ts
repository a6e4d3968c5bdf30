import { describe, expect, it } from 'vitest';
import { isPresent, type Masks } from '../../src/core/masks.ts';
import { compareMethods, explain, faithfulness, maskKeyOf, masksFromRows, predictRows, type ValueFunction } from './support.ts';

const N = 24;
const worth = (masks: Masks, r: number) => {
  const on = (i: number) => Number(isPresent(masks, r, i));
  return 1.5 * on(0) - on(1) + 2 * on(2) * on(3) - 1.2 * on(4) * on(5) * on(6) + 0.3 * on(7);
};
const value: ValueFunction = async (masks) => Float32Array.from({ length: masks.count }, (_, r) => worth(masks, r));

it('a function whose every call takes long is asked for many masks at once where it is given the time', async () => {
  const calls = async (batchMs: number | undefined) => {
    let made = 0;
    const slow: ValueFunction = async (masks, options) => {
      made++;
      await new Promise((done) => setTimeout(done, 60));
      return value(masks, options);
    };
    await explain(slow, { players: N, budget: 64, method: 'linear', batchMs }).result;
    return made;
  };
  // 8 masks first; then with 60 ms never more than that, with 2 s as many as would take so long at the rate of those 8.
  expect(await calls(2000)).toBeLessThan(await calls(60));
});

describe('comparing methods', () => {
  it('grades each with the same budget on the same masks, which none has fitted, and asks each mask once', async () => {
    const asked: string[] = [];
    const counting: ValueFunction = (masks, options) => {
      for (let r = 0; r < masks.count; r++) asked.push(maskKeyOf(masks, r));
      return value(masks, options);
    };
    const methods = ['linear', 'pursuit', 'lime', 'kernelshap', 'leave-one-out', 'banzhaf'] as const;
    const c = await compareMethods(counting, { players: N, methods, budget: 240, seed: 5 });
    expect(new Set(asked).size).toBe(asked.length);
    expect(c.queries).toBe(asked.length);
    expect(c.methods.map(({ method }) => method).sort()).toEqual([...methods].sort());
    expect(c.heldOut).toBeGreaterThanOrEqual(60);
    for (const { queries } of c.methods) expect(queries).toBeLessThanOrEqual(240);
    // Uniform methods share all their masks, others at least those that grade.
    expect(c.queries).toBeLessThan(c.methods.reduce((sum, m) => sum + m.queries, 0) - 2 * 240);
    const r2 = c.methods.map((m) => m.r2);
    expect(r2).toEqual([...r2].sort((a, b) => b - a));
    expect(c.methods[0].method).toBe('pursuit');
    expect(c.methods[0].r2).toBeGreaterThan(0.95);
    // Linear methods cannot say more than the single players' share of the energy.
    expect(c.methods.find(({ method }) => method === 'linear')?.r2).toBeLessThan(0.85);
  });

  it('explains as each method alone does, and its R² is that of the explanation over uniform masks', async () => {
    const c = await compareMethods(value, { players: N, methods: ['kernelshap', 'pursuit'], budget: 240, seed: 5 });
    for (const { method, explanation, r2Low, r2High } of c.methods) {
      const alone = await explain(value, { players: N, method, budget: 240, seed: 5 }).result;
      expect(explanation.interactions).toEqual(alone.interactions);
      let word = 1;
      const rows = Array.from({ length: 4000 }, () =>
        Array.from({ length: N }, () => {
          word = (Math.imul(word, 1103515245) + 12345) >>> 0;
          return (word >>> 16) & 1;
        }),
      );
      const masks = masksFromRows(rows);
      const truth = Float64Array.from(rows, (_, r) => worth(masks, r));
      const { r2 } = faithfulness(predictRows(explanation, rows), truth);
      expect(r2).toBeGreaterThan(r2Low - 0.02);
      expect(r2).toBeLessThan(r2High + 0.02);
    }
  });

  it('leaves out, with the reason, what cannot work with so few masks', async () => {
    const c = await compareMethods(value, { players: N, methods: ['banzhaf', 'faith-banzhaf', 'permutation'], budget: 100 });
    expect(c.methods.map(({ method }) => method)).toEqual(['banzhaf']);
    expect(c.skipped.map(({ method }) => method).sort()).toEqual(['faith-banzhaf', 'permutation']);
    expect(c.skipped[0].reason).toMatch(/^expected at least 556 masks to fit on/);
  });

  it('refuses a budget that leaves nothing to grade on, and no methods at all', async () => {
    const small: ValueFunction = async (masks) => Float32Array.from(masks.words, (m) => m % 7);
    await expect(compareMethods(small, { players: 9, budget: 512, methods: ['auto', 'linear'] })).rejects.toThrow(/no method fits, got 0/);
    await expect(compareMethods(small, { players: 9, budget: 32, methods: [] })).rejects.toThrow(/at least one method/);
    await expect(compareMethods(small, { players: 6 })).rejects.toThrow(/at least 9 players, got 6/);
    await expect(compareMethods(value, { players: N, budget: 60, methods: ['faith-shap'] })).rejects.toThrow(
      /budget-too-small|expected at least/,
    );
  });
});
