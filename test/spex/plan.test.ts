import { describe, expect, it } from 'vitest';
import { isPresent, type Masks, maskKey } from '../../src/core/masks.ts';
import { fillBins, traceOf } from '../../src/spex/bins.ts';
import { planSpex, type SpexPlan, spexQueries } from '../../src/spex/plan.ts';
import { thrownBy } from '../model/support.ts';
import { evaluateTerms, hierarchical, type Terms } from '../spectrum/planted.ts';

/** Sums of a few hundred numbers of about 1 in float64. */
const ROUNDING = 1e-12;

const bit = (value: number, at: number) => (value >>> at) & 1;

/** Query (c, ℓ, i) by its definition M_c ℓ + delay_i, one player at a time. */
function queryOf({ code, groups }: SpexPlan, c: number, l: number, i: number): number[] {
  return Array.from({ length: code.n }, (_, j) => {
    let sum = i === 0 ? 0 : bit(code.signatures[j * code.width + (i >> 5)], i & 31);
    for (let q = 0; q < 20; q++) sum += bit(groups[c][j], q) * bit(l, q);
    return sum % 2;
  });
}

const rowOf = (masks: Masks, r: number) => Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? 1 : 0));

describe('the plan', () => {
  it('counts queries as the published table does, for every size of it', () => {
    const table: [number, number[]][] = [
      [11, [504, 1008, 4032, 16_128, 64_512]],
      [36, [672, 1344, 5376, 21_504, 86_016]],
      [92, [864, 1728, 6912, 27_648, 110_592]],
      [215, [984, 1968, 7872, 31_488, 125_952]],
      [466, [1104, 2208, 8832, 35_328, 141_312]],
      [973, [1224, 2448, 9792, 39_168, 156_672]],
      [1992, [1344, 2688, 10_752, 43_008, 172_032]],
    ];
    let least = 2;
    for (const [most, counts] of table) {
      for (let n = least; n <= most; n++) expect([3, 4, 6, 8, 10].map((b) => spexQueries(n, b))).toEqual(counts);
      least = most + 1;
    }
  });

  it('takes the largest b that the budget pays for, and fewer errors only where b would fall below 3', () => {
    const sizeOf = (n: number, budget: number) => {
      const { b, code, queries } = planSpex(n, { budget, seed: 1 });
      return { b, t: code.t, queries };
    };
    expect(sizeOf(64, 1728)).toEqual({ b: 4, t: 5, queries: 1728 });
    expect(sizeOf(64, 1727)).toEqual({ b: 3, t: 5, queries: 864 });
    expect(sizeOf(64, 863)).toEqual({ b: 3, t: 4, queries: 696 });
    expect(sizeOf(64, 695)).toEqual({ b: 3, t: 3, queries: 528 });
    expect(sizeOf(64, 527)).toEqual({ b: 3, t: 2, queries: 360 });
    expect(sizeOf(12, 10_000_000)).toEqual({ b: 12, t: 5, queries: 344_064 });
    const refused = thrownBy(() => planSpex(64, { budget: 359, seed: 1 }));
    expect(refused.code).toBe('budget-too-small');
    expect(refused.message).toMatch(/at least 360 passes for 64 players, got 359/);
    expect(thrownBy(() => planSpex(64, { budget: 2000, seed: 1, maxOrder: 6 })).code).toBe('usage');
    expect(planSpex(64, { budget: 2000, seed: 1, maxOrder: 3 }).code.t).toBe(3);
  });

  it.each([
    [5, 300],
    [12, 700],
    [40, 2000],
    [100, 1100],
  ])('lists every query by its definition, each mask once, and says where: %i players, %i passes', (n, budget) => {
    const plan = planSpex(n, { budget, seed: 4 });
    const { masks, rows, b, code } = plan;
    expect(rows.length).toBe(plan.queries);
    expect(rowOf(masks, 0)).toEqual(new Array(n).fill(1));
    expect(rowOf(masks, 1)).toEqual(new Array(n).fill(0));
    const used = new Set([0]);
    for (let c = 0; c < 3; c++)
      for (let l = 0; l < 2 ** b; l++)
        for (let i = 0; i <= code.p; i++) {
          const row = rows[(c * 2 ** b + l) * (code.p + 1) + i];
          used.add(row);
          expect(rowOf(masks, row)).toEqual(queryOf(plan, c, l, i));
        }
    expect(used.size).toBe(masks.count);
    expect(new Set(Array.from({ length: masks.count }, (_, r) => maskKey(masks, r))).size).toBe(masks.count);
    // The unshifted point ℓ = 0 is common to the groups.
    expect(masks.count).toBeLessThanOrEqual(plan.queries - 2 * (code.p + 1) + 1);
  });

  it('is the same for the same seed, another for another, and holds the smaller plans as its first stages', () => {
    const plan = planSpex(50, { budget: 7000, seed: 2 });
    expect(planSpex(50, { budget: 7000, seed: 2 }).masks.words).toEqual(plan.masks.words);
    expect(planSpex(50, { budget: 7000, seed: 3 }).masks.words).not.toEqual(plan.masks.words);
    expect(plan.stages.map((s) => s.b)).toEqual([3, 4, 5, 6]);
    for (const stage of plan.stages) {
      const smaller = planSpex(50, { budget: spexQueries(50, stage.b), seed: 2 });
      expect(smaller.b).toBe(stage.b);
      expect(smaller.masks.count).toBe(stage.masks);
      expect(smaller.masks.words).toEqual(plan.masks.words.subarray(0, smaller.masks.words.length));
    }
  });

  it('plans for 2,000 players', () => {
    const plan = planSpex(2000, { budget: 1464, seed: 1 });
    expect(plan).toMatchObject({ b: 3, queries: 1464, code: { t: 5, p: 60 } });
    expect(plan.masks.count).toBe(1464 - 2 * 61 + 1);
  });
});

describe('the bins', () => {
  it.each([
    [9, 3, 600],
    [20, 4, 1400],
    [70, 3, 900],
  ])('hold exactly the frequencies that hash to them, with their signs: %i players, b = %i', (n, b, budget) => {
    const plan = planSpex(n, { budget, seed: 6 });
    expect(plan.b).toBe(b);
    const terms: Terms = hierarchical(n, 40, 3);
    const values = evaluateTerms(terms, plan.masks);
    for (const stage of plan.stages) {
      const bins = fillBins(plan, values, stage.b);
      const want = new Float64Array(bins.values.length);
      for (const [members, coefficient] of terms)
        for (let c = 0; c < 3; c++) {
          const j = Array.from({ length: stage.b }, (_, q) => members.reduce((sum, i) => sum + bit(plan.groups[c][i], q), 0) % 2);
          const bin = j.reduce((sum, v, q) => sum + v * 2 ** q, 0);
          for (let i = 0; i < bins.delays; i++) {
            const shared = queryOf(plan, 0, 0, i).reduce((sum, v, player) => sum + (members.includes(player) ? v : 0), 0);
            want[(c * 2 ** stage.b + bin) * bins.delays + i] += shared % 2 ? -coefficient : coefficient;
          }
        }
      for (let v = 0; v < want.length; v++) expect(Math.abs(bins.values[v] - want[v])).toBeLessThan(ROUNDING);
    }
  });

  it('equal the transform written as a double sum', () => {
    const plan = planSpex(13, { budget: 700, seed: 2 });
    const values = Float64Array.from({ length: plan.masks.count }, (_, r) => Math.sin(r * r));
    const bins = fillBins(plan, values);
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < bins.delays; i++)
        for (let j = 0; j < 8; j++) {
          let sum = 0;
          for (let l = 0; l < 8; l++) {
            const sign = (bit(j & l, 0) + bit(j & l, 1) + bit(j & l, 2)) % 2 ? -1 : 1;
            sum += sign * values[plan.rows[(c * 8 + l) * bins.delays + i]];
          }
          expect(Math.abs(bins.values[(c * 8 + j) * bins.delays + i] - sum / 8)).toBeLessThan(ROUNDING);
        }
  });

  it('trace ∅ to bin 0 with the sign + throughout', () => {
    const { code, groups, b } = planSpex(30, { budget: 1344, seed: 1 });
    expect(traceOf(code, groups, b, [])).toEqual({ members: [], signature: new Uint32Array(code.width), bins: [0, 0, 0] });
  });
});
