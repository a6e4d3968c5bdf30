import { describe, expect, it } from 'vitest';
import { banzhaf, faithBanzhaf } from '../../src/baselines/banzhaf.ts';
import { faithShap, fewestPairedMasks, kernelshap, shapleyMasks } from '../../src/baselines/kernelshap.ts';
import { kernelshapIq } from '../../src/baselines/kernelshap-iq.ts';
import { lasso } from '../../src/baselines/lasso.ts';
import { leaveOneOut, leaveOneOutMasks } from '../../src/baselines/leave-one-out.ts';
import { lime, limeMasks } from '../../src/baselines/lime.ts';
import { chainMasks, fewestChainMasks, permutation } from '../../src/baselines/permutation.ts';
import { allMasks, concatMasks, isPresent, type Masks, maskKey, masksFromRows } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { shapleySize } from '../../src/core/sized.ts';
import { spectrumOfTable } from '../../src/spectrum/fwht.ts';
import type { IndexName } from '../../src/spectrum/index-weights.ts';
import { interactionRows, toInteractions } from '../../src/spectrum/indices.ts';
import { type Decoder, evaluateSpectrum } from '../../src/spectrum/spectrum.ts';
import { standardErrors } from '../../src/spectrum/uncertainty.ts';
import { shapleyValues, valuesOf } from './support.ts';

/** Sums of a few hundred float64 products. */
const EXACT = 1e-10;
/** Normal equations with constraints of weight 1e8. */
const CONSTRAINED = 5e-6;

/** A saturating function with pairs and triples, as a complete table. */
function tableOf(n: number, seed: number): Float64Array {
  const random = createRandom(seed, 9);
  const single = Array.from({ length: n }, () => random.normal());
  const sets = Array.from({ length: 6 }, () => Array.from({ length: 3 }, () => random.below(n)));
  return Float64Array.from({ length: 2 ** n }, (_, m) => {
    const on = (i: number) => (m >> i) & 1;
    const sum =
      single.reduce((s, w, i) => s + w * on(i), 0) + sets.reduce((s, t, k) => s + (k % 2 ? -1 : 1) * t.reduce((p, i) => p * on(i), 1), 0);
    return 2 * Math.tanh(sum / 2) + 0.3 * sum;
  });
}

/** The full and the empty mask, then those. */
function withEnds(masks: Masks): Masks {
  const ends = masksFromRows([new Array(masks.n).fill(1), new Array(masks.n).fill(0)]);
  return concatMasks(ends, masks);
}

const lookUp = (table: Float64Array, masks: Masks) => Float64Array.from(masks.words, (m) => table[m]);
const none = new Set<string>();

describe('on all masks', () => {
  const n = 7;
  const table = tableOf(n, 3);
  const masks = allMasks(n);

  it('Kernel SHAP is the Shapley value of the definition', async () => {
    const got = valuesOf(await kernelshap(masks, table, { seed: 1 }), 'SV', 1);
    shapleyValues(table, n).forEach((value, i) => {
      expect(Math.abs((got.get(String(i)) as number) - value)).toBeLessThan(EXACT * 10);
    });
  });

  it('Banzhaf by sample reuse is the mean marginal contribution over all masks', async () => {
    const fit = await banzhaf(masks, table);
    const got = valuesOf(fit, 'BV', 1);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let m = 0; m < 2 ** n; m++) if (!((m >> i) & 1)) sum += (table[m | (1 << i)] - table[m]) / 2 ** (n - 1);
      expect(Math.abs((got.get(String(i)) as number) - sum)).toBeLessThan(EXACT);
    }
  });

  it.each([
    ['faith-shap', faithShap, 'FSII', 3],
    ['faith-banzhaf', faithBanzhaf, 'FBII', 3],
    ['kernelshap-iq', kernelshapIq, 'k-SII', 2],
  ] as [string, Decoder, IndexName, number][])('%s is its index read off the exact spectrum', async (_, decode, index, order) => {
    const fit = await decode(masks, table, { seed: 1, order });
    const got = valuesOf(fit, index, order);
    for (const { members, value } of toInteractions(spectrumOfTable(table, n), { index, maxOrder: order }))
      expect(Math.abs((got.get(members.join()) as number) - value), members.join()).toBeLessThan(CONSTRAINED);
  });
});

describe('leave-one-out', () => {
  it('is f(N) − f(N ∖ i) from n + 2 masks, without error, and says so of itself', async () => {
    const n = 9;
    const table = tableOf(n, 5);
    const masks = withEnds(leaveOneOutMasks(n, n));
    expect(masks.count).toBe(n + 2);
    const fit = await leaveOneOut(masks, lookUp(table, masks));
    const all = 2 ** n - 1;
    for (const [members, value] of valuesOf(fit, 'Moebius', 1))
      expect(Math.abs(value - (table[all] - table[all ^ (1 << Number(members))]))).toBeLessThan(EXACT);
    expect(evaluateSpectrum(fit.spectrum, masks)[0]).toBeCloseTo(table[all], 9);
    expect([...(await standardErrors(fit, interactionRows(fit.spectrum, { index: 'SV', maxOrder: 1 }), 1))]).toEqual(new Array(n).fill(0));
  });

  it('handles a single player', async () => {
    const masks = withEnds(leaveOneOutMasks(1, 1));
    expect(valuesOf(await leaveOneOut(masks, [5, 2]), 'SV', 1).get('0')).toBe(3);
  });
});

describe('permutation SHAP', () => {
  const n = 8;
  const table = tableOf(n, 8);

  it('shares out f(N) − f(∅) whatever orders were drawn', async () => {
    const masks = withEnds(chainMasks(n, 60, 4));
    const fit = await permutation(masks, lookUp(table, masks), { seed: 4 });
    const sum = [...valuesOf(fit, 'SV', 1).values()].reduce((a, b) => a + b, 0);
    expect(Math.abs(sum - (table[2 ** n - 1] - table[0]))).toBeLessThan(EXACT);
  });

  it('asks whole chains of distinct masks, two orders for the fewest it works with', () => {
    for (const players of [3, 8, 40]) {
      const masks = chainMasks(players, fewestChainMasks(players) - 2, 2);
      expect(new Set(Array.from({ length: masks.count }, (_, r) => maskKey(masks, r))).size).toBe(masks.count);
      if (players === 40) expect(masks.count).toBe(4 * 39);
    }
  });

  it('is right on average: the mean over 200 seeds is within four of its standard errors of the Shapley value', async () => {
    const truth = shapleyValues(table, n);
    const sums = new Float64Array(n);
    const squares = new Float64Array(n);
    const runs = 200;
    for (let seed = 0; seed < runs; seed++) {
      const masks = withEnds(chainMasks(n, 40, seed));
      const got = valuesOf(await permutation(masks, lookUp(table, masks), { seed }), 'SV', 1);
      for (let i = 0; i < n; i++) {
        sums[i] += (got.get(String(i)) as number) / runs;
        squares[i] += (got.get(String(i)) as number) ** 2 / runs;
      }
    }
    for (let i = 0; i < n; i++) {
      const error = Math.sqrt(Math.max(squares[i] - sums[i] ** 2, 0) / runs);
      expect(Math.abs(sums[i] - truth[i])).toBeLessThan(4 * error + EXACT);
    }
  });
});

describe('masks drawn by size', () => {
  it('are distinct complementary pairs, leave out what is taken, and a shorter list is a prefix of a longer one', () => {
    for (const n of [5, 12, 70]) {
      const taken = new Set([maskKey(pairedMasks(n, 8, 3), 4), maskKey(pairedMasks(n, 8, 3), 5)]);
      const masks = shapleyMasks(n, 300, 3, taken);
      const keys = Array.from({ length: masks.count }, (_, r) => maskKey(masks, r));
      expect(new Set(keys).size).toBe(masks.count);
      expect(keys.some((key) => taken.has(key))).toBe(false);
      expect(masks.count).toBe(n === 5 ? 28 : 300);
      for (let r = 0; r < masks.count; r += 2) for (let i = 0; i < n; i++) expect(isPresent(masks, r, i)).toBe(!isPresent(masks, r + 1, i));
      const short = shapleyMasks(n, 20, 3, taken);
      expect([...short.words]).toEqual([...masks.words.subarray(0, short.words.length)]);
    }
  });

  it('follow the Shapley kernel', () => {
    const n = 40;
    const masks = shapleyMasks(n, 20_000, 1, none);
    const counts = new Float64Array(n + 1);
    for (let r = 0; r < masks.count; r++) {
      let size = 0;
      for (let i = 0; i < n; i++) size += Number(isPresent(masks, r, i));
      counts[size]++;
    }
    // Sizes 1 and 2 (and 39, 38) run out of masks; the others stay in proportion, within four standard deviations of a binomial.
    const open = Array.from({ length: n - 5 }, (_, i) => i + 3);
    const drawn = open.reduce((sum, s) => sum + counts[s], 0);
    const mass = open.reduce((sum, s) => sum + shapleySize(s, n), 0);
    expect([counts[1], counts[2]]).toEqual([40, 780]);
    for (const s of open) {
      const expected = (drawn * shapleySize(s, n)) / mass;
      expect(Math.abs(counts[s] - expected)).toBeLessThan(4 * Math.sqrt(2 * expected));
    }
  });
});

describe('± 1.96 standard errors hold what the method estimates', () => {
  const n = 11;
  /** Of 95 nominal: sandwich and jackknife errors of a few hundred rows are a little short on skewed functions. */
  const LEAST = 0.9;
  const RUNS = 12;
  const uniform = (count: number, seed: number) => pairedMasks(n, count, seed);
  const cases: [string, Decoder, IndexName, number, (count: number, seed: number) => Masks][] = [
    ['kernelshap', kernelshap, 'SV', 1, (count, seed) => withEnds(shapleyMasks(n, count, seed, none))],
    ['permutation', permutation, 'SV', 1, (count, seed) => withEnds(chainMasks(n, count, seed))],
    ['banzhaf', banzhaf, 'BV', 1, uniform],
    ['faith-shap', faithShap, 'FSII', 2, (count, seed) => withEnds(shapleyMasks(n, count, seed, none))],
    ['kernelshap-iq', kernelshapIq, 'k-SII', 2, (count, seed) => withEnds(shapleyMasks(n, count, seed, none))],
    ['lime', lime, 'Moebius', 1, (count, seed) => withEnds(limeMasks(n, count, seed, none))],
  ];
  it.each(cases)('%s', async (_, decode, index, order, design) => {
    let held = 0;
    let all = 0;
    for (let run = 0; run < RUNS; run++) {
      const table = tableOf(n, 100 + run);
      const truth = valuesOf(await decode(allMasks(n), table, { seed: 1, order }), index, order);
      if (decode === permutation) for (const [i, value] of shapleyValues(table, n).entries()) truth.set(String(i), value);
      const masks = design(300, run);
      const fit = await decode(masks, lookUp(table, masks), { seed: run, order });
      const rows = interactionRows(fit.spectrum, { index, maxOrder: order });
      const se = await standardErrors(fit, rows, 0);
      rows.forEach(({ members, value }, i) => {
        all++;
        if (Math.abs(value - (truth.get(members.join()) as number)) <= 1.96 * se[i]) held++;
      });
    }
    expect(held / all).toBeGreaterThan(LEAST);
    expect(held / all).toBeLessThan(1);
  });
});

describe('LASSO of degree 2', () => {
  it('finds planted pairs among 40 players and leaves most of the rest at zero', async () => {
    const n = 40;
    const masks = pairedMasks(n, 400, 2);
    const random = createRandom(5);
    const on = (r: number, i: number) => Number(isPresent(masks, r, i));
    const values = Float64Array.from(
      { length: masks.count },
      (_, r) => 2 * on(r, 1) - on(r, 7) + 3 * on(r, 1) * on(r, 9) + 0.2 * random.normal(),
    );
    const fit = await lasso(masks, values, { seed: 1 });
    const got = valuesOf(fit, 'FBII', 2);
    expect(got.get('1,9') as number).toBeGreaterThan(2.5);
    expect(got.get('1,9') as number).toBeLessThan(3.1);
    expect(fit.spectrum.coefficients.length).toBeLessThan(120);
    expect((await standardErrors(fit, interactionRows(fit.spectrum, { index: 'FBII', maxOrder: 2 }), 0.04)).every((se) => se > 0)).toBe(
      true,
    );
  });

  it('at the end of its path satisfies the optimality conditions of its penalty', async () => {
    const n = 6;
    const masks = pairedMasks(n, 40, 2);
    const random = createRandom(6);
    const values = Float64Array.from({ length: masks.count }, () => random.normal());
    const { spectrum } = await lasso(masks, values, { seed: 1 });
    const residual = evaluateSpectrum(spectrum, masks).map((p, r) => values[r] - p);
    const correlations = Array.from({ length: spectrum.coefficients.length }, (_, k) => {
      let sum = 0;
      for (let r = 0; r < masks.count; r++)
        sum += residual[r] * (-1) ** (masks.words[r] & spectrum.keys[k]).toString(2).replaceAll('0', '').length;
      return sum / masks.count;
    });
    // All live coefficients are held by the same penalty, with their own sign; settled to 1e-4 of the spread.
    const live = correlations.slice(1);
    const penalty = Math.max(...live.map(Math.abs), 0);
    live.forEach((c, k) => {
      expect(Math.abs(c - Math.sign(spectrum.coefficients[k + 1]) * penalty)).toBeLessThan(5e-4);
    });
  });
});

it('complementary pairs tell all interactions apart from the fewest masks that are asked for, and not from two fewer', () => {
  expect(fewestPairedMasks(10, 1)).toBe(20);
  expect(fewestPairedMasks(10, 2)).toBe(2 * 46);
  expect(fewestPairedMasks(10, 3)).toBe(2 * 130);
});
