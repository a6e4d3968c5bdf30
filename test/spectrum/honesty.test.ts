import { describe, expect, it } from 'vitest';
import { linear } from '../../src/baselines/linear.ts';
import { allMasks, type Masks } from '../../src/core/masks.ts';
import { createRandom, type Random } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { pursuit } from '../../src/pursuit/pursuit.ts';
import { averageFits } from '../../src/spectrum/average.ts';
import { crossValidate, pairFolds } from '../../src/spectrum/cross-validate.ts';
import { faithfulness, studentT } from '../../src/spectrum/faithfulness.ts';
import { spectrumOfTable } from '../../src/spectrum/fwht.ts';
import { interactionRows, toInteractions } from '../../src/spectrum/indices.ts';
import { ridgeRefit } from '../../src/spectrum/refit.ts';
import { evaluateSpectrum, spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { standardErrors } from '../../src/spectrum/uncertainty.ts';
import { evaluateTerms, hierarchical, rSquaredOf, type Terms } from './planted.ts';

/** Root mean square of se over that of the errors. Shapley values weigh every second degree alone, where signs agree less than is allowed for. */
const TOO_WIDE = { FBII: 2.5, BII: 2.5, SV: 5 } as const;

describe('faithfulness', () => {
  it('knows the quantiles of Student t', () => {
    const table: [number, number][] = [
      [1, 12.706],
      [2, 4.303],
      [4, 2.776],
      [7, 2.365],
      [10, 2.228],
      [30, 2.042],
      [127, 1.979],
    ];
    for (const [degrees, t] of table) expect(Math.abs(studentT(0.975, degrees) / t - 1)).toBeLessThan(2e-3);
    expect(Math.abs(studentT(0.975, 3) / 3.182 - 1)).toBeLessThan(5e-3);
  });

  /** One complementary pair of rows, each as [value, prediction], the true R² of such rows, and the largest share of runs that may hold it: too wide is wrong too, unless few rows err. */
  const kinds: [string, number, number, (random: Random) => [number, number][]][] = [
    ['a close fit', 0.95, 0.98, (r) => [normalRow(r, 0.05), normalRow(r, 0.05)]],
    ['a loose fit', 0.5, 0.98, (r) => [normalRow(r, 0.5), normalRow(r, 0.5)]],
    [
      'odd values with even errors',
      0.8,
      0.98,
      (r) => {
        const [v, e] = [r.normal(), Math.sqrt(0.2) * r.normal()];
        return [
          [v, v + e],
          [-v, -v + e],
        ];
      },
    ],
    ['exact but for one mask in twenty', 0.95, 1, (r) => [rareRow(r, 0.05), rareRow(r, 0.05)]],
    ['exact but for one mask in a hundred', 0.99, 1, (r) => [rareRow(r, 0.01), rareRow(r, 0.01)]],
  ];
  const normalRow = (r: Random, share: number): [number, number] => {
    const v = r.normal();
    return [v, v + Math.sqrt(share) * r.normal()];
  };
  const rareRow = (r: Random, share: number): [number, number] => {
    const v = r.below(2) === 0 ? 1 : -1;
    return [v, r.uniform() < share ? v + 1 : v];
  };

  it.each(kinds)('holds the true R² in at least 92 of 100 runs, from 8 rows up: %s', (_, truth, most, pair) => {
    const runs = 1000;
    const random = createRandom(3);
    for (const rows of [8, 24, 64, 256]) {
      let held = 0;
      for (let run = 0; run < runs; run++) {
        const drawn = Array.from({ length: rows / 2 }, () => pair(random)).flat();
        const { low, high } = faithfulness(
          drawn.map(([, p]) => p),
          drawn.map(([v]) => v),
          { pairs: true },
        );
        if (low <= truth && truth <= high) held++;
      }
      expect(held / runs, `${rows} rows`).toBeGreaterThan(0.92);
      expect(held / runs, `${rows} rows`).toBeLessThanOrEqual(most);
    }
  });

  it('is never NaN, and claims no more than was seen: no rows, one pair, no variance, no error', () => {
    expect(faithfulness([], [])).toEqual({ r2: 0, low: -10, high: 1 });
    expect(faithfulness([1, 2], [1, 2])).toEqual({ r2: 1, low: Math.sqrt(0.025), high: 1 });
    expect(faithfulness([1, 2], [1, 2], { pairs: true })).toEqual({ r2: 1, low: 0.025, high: 1 });
    expect(faithfulness([5, 5], [5, 5])).toEqual({ r2: 1, low: 0, high: 1 });
    expect(faithfulness([5, 6], [5, 5])).toEqual({ r2: 0, low: -10, high: 1 });
    const many = Float64Array.from({ length: 256 }, (_, r) => r);
    expect(faithfulness(many, many, { pairs: true }).low).toBeCloseTo(0.9716, 3); // 1 − 0.025^(1/128) = 2.8 %
    const pair = faithfulness([1, 3], [1, 2], { pairs: true });
    expect([pair.r2, pair.low, pair.high].every(Number.isFinite)).toBe(true);
    expect(pair.high - pair.low).toBeGreaterThan(5);
    expect(() => faithfulness([1], [1, 2])).toThrow(/expected 2 predictions, got 1/);
  });
});

describe('standard errors', () => {
  it.each(['FBII', 'BII', 'SV'] as const)(
    'of %s hold the exact value in at least 93 of 100 cases, and are not far wider than the errors, where functions saturate',
    async (index) => {
      // tanh of a planted function is dense: what a fit on its larger frequencies misses is part of the function, and agrees in sign.
      const n = 10;
      const options = { index, maxOrder: 3 };
      let inside = 0;
      let total = 0;
      let variance = 0;
      let error = 0;
      for (let seed = 1; seed <= 30; seed++) {
        const table = evaluateTerms(hierarchical(n, 14, seed), allMasks(n)).map((v) => 2 * Math.tanh(v / 2));
        const whole = spectrumOfTable(table, n);
        const exact = new Map(toInteractions(whole, options).map((i) => [i.members.join(), i.value]));
        const masks = pairedMasks(n, 200, seed);
        const y = Float64Array.from(masks.words, (m) => table[m]);
        const largest = [...whole.keys.keys()]
          .sort((a, b) => Math.abs(whole.coefficients[b]) - Math.abs(whole.coefficients[a]))
          .slice(0, 30);
        const fit = {
          method: 'refit',
          ...ridgeRefit(
            masks,
            y,
            Uint32Array.from(largest, (k) => whole.keys[k]),
            new Float64Array(30).fill(1),
          ),
        };
        const predicted = evaluateSpectrum(fit.spectrum, allMasks(n));
        const noise = predicted.reduce((sum, p, m) => sum + (p - table[m]) ** 2, 0) / table.length;
        const rows = interactionRows(fit.spectrum, options);
        const se = await standardErrors(fit, rows, noise);
        for (const [i, { members, value }] of rows.entries()) {
          const off = Math.abs(value - (exact.get(members.join()) as number));
          if (off <= 1.96 * se[i]) inside++;
          total++;
          variance += se[i] ** 2;
          error += off ** 2;
        }
      }
      expect(inside / total).toBeGreaterThan(0.93);
      expect(Math.sqrt(variance / error)).toBeLessThan(TOO_WIDE[index]);
    },
  );

  it('of a mean of a fit with itself are those of the fit, and the mean predicts the mean', async () => {
    const terms = hierarchical(12, 14, 4);
    const masks = pairedMasks(12, 200, 1);
    const y = evaluateTerms(terms, masks);
    const a = await linear(masks, y, { seed: 1 });
    const b = await pursuit(masks, y, { seed: 1 });
    const both = averageFits([a, b], [0.7, 0.3]);
    const [pa, pb, pm] = [a, b, both].map((fit) => evaluateSpectrum(fit.spectrum, masks));
    for (let r = 0; r < masks.count; r++) expect(Math.abs(pm[r] - (0.7 * pa[r] + 0.3 * pb[r]))).toBeLessThan(1e-10);
    const twice = averageFits([b, b], [0.2, 0.8]);
    const errors = (fit: typeof b) => standardErrors(fit, interactionRows(fit.spectrum, { index: 'FBII', maxOrder: 3 }), 1);
    const doubled = await errors(twice);
    for (const [i, e] of (await errors(b)).entries()) expect(Math.abs(doubled[i] - e)).toBeLessThan(1e-12);
    expect((await errors({ ...b, factor: null })).every((e) => e === 0)).toBe(true);
  });
});

describe('cross-validation', () => {
  it('keeps complementary masks in one fold and uses every row once', () => {
    for (const count of [4, 10, 57, 200]) {
      const folds = pairFolds(count, 5, 3);
      expect(folds.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, r) => r));
      for (const fold of folds) for (const r of fold) if ((r ^ 1) < count) expect(fold).toContain(r ^ 1);
    }
  });

  it('catches a decoder that remembers: what looks perfect on its own rows scores nothing', async () => {
    const masks = pairedMasks(14, 120, 3);
    const random = createRandom(2);
    const y = Float64Array.from({ length: masks.count }, () => random.normal());
    const everything = spectrumFromTerms(
      14,
      Array.from({ length: 400 }, (_, k) => [Array.from({ length: 14 }, (_, i) => i).filter((i) => ((k * 37) >> i) & 1), 0] as const),
    );
    const rote = {
      method: 'rote',
      decode: async (m: typeof masks, v: ArrayLike<number>) => ({
        method: 'rote',
        ...ridgeRefit(m, v, everything.keys, new Float64Array(everything.coefficients.length).fill(1e-6)),
      }),
    };
    const own = evaluateSpectrum((await rote.decode(masks, y)).spectrum, masks);
    expect(rSquaredOf(own, y)).toBeGreaterThan(0.999);
    const { scored } = await crossValidate([rote], masks, y, { folds: 5, seed: 1 });
    expect(scored[0].r2).toBeLessThan(0.1);
  });

  const plant = (terms: Terms, count: number) => {
    const masks = pairedMasks(14, count, 3);
    return { masks, y: evaluateTerms(terms, masks) };
  };
  const both = [
    { method: 'linear', decode: linear },
    { method: 'pursuit', decode: pursuit },
  ];

  it('takes a decoder alone where it is clearly the best, and says R² of each, best first', async () => {
    const { masks, y } = plant(hierarchical(14, 30, 3), 300);
    const { scored, chosen } = await crossValidate(both, masks, y, { folds: 5, seed: 1 });
    expect(scored.map((s) => s.method)).toEqual(['pursuit', 'linear']);
    expect(scored[0].r2).toBeGreaterThan(scored[1].r2);
    expect(chosen).toEqual([{ method: 'pursuit', weight: 1 }]);
  });

  it('takes a mean where errors of its members differ, offers it too, and grades it with weights of other folds', async () => {
    const { masks, y } = plant(hierarchical(14, 8, 3), 200);
    const random = createRandom(4);
    // Each errs by its own pattern of sixty high frequencies, equally large.
    const wrong = (method: string) => {
      const pattern = Array.from({ length: 60 }, () => [[...new Set([0, 1, 2, 3, 4, 5].map(() => random.below(14)))], 0.1] as const);
      return {
        method,
        decode: async () => ({ method, spectrum: spectrumFromTerms(14, [...hierarchical(14, 8, 3), ...pattern]), factor: null }),
      };
    };
    const two = [wrong('a'), wrong('b')];
    const { chosen, scored, predicted } = await crossValidate(two, masks, y, { folds: 5, seed: 1 });
    expect(chosen.map((c) => c.method).sort()).toEqual(['a', 'b']);
    for (const { weight } of chosen) expect(Math.abs(weight - 0.5)).toBeLessThan(0.1);
    expect(scored[0].method).toBe(chosen.map((c) => c.method).join('+'));
    expect(scored[0].r2).toBeCloseTo(rSquaredOf(predicted, y), 12);
    expect(scored[0].r2).toBeGreaterThan(scored[1].r2);
  });

  it('gives the favoured decoder the weight that rows do not give to another', async () => {
    const { masks, y } = plant(hierarchical(14, 30, 3), 300);
    const twin = { method: 'twin', decode: both.find((d) => d.method === 'pursuit')!.decode };
    const choose = async (favoured: string) => (await crossValidate([...both, twin], masks, y, { folds: 5, seed: 1, favoured })).chosen;
    expect(await choose('twin')).toEqual([{ method: 'twin', weight: 1 }]);
    expect((await choose('linear')).some((c) => c.method === 'linear')).toBe(false);
  });

  it('makes no more folds of a decoder that has clearly lost to the favoured one, and none of one whose predictions are known', async () => {
    const { masks, y } = plant(hierarchical(14, 30, 3), 300);
    const calls = new Map<string, number>();
    const counted = both.map(({ method, decode }) => ({
      method,
      decode: (...given: Parameters<typeof linear>) => {
        calls.set(method, (calls.get(method) ?? 0) + 1);
        return decode(...given);
      },
    }));
    const known = new Map();
    const options = { folds: 5, seed: 1, favoured: 'pursuit', known };
    const first = await crossValidate(counted, masks, y, options);
    expect([calls.get('linear'), calls.get('pursuit')]).toEqual([1, 5]);
    expect(first.scored.map((s) => s.method)).toEqual(['pursuit', 'linear']);
    expect(first.chosen.map((c) => c.method)).toEqual(['pursuit']);
    const again = await crossValidate(counted, masks, y, options);
    expect([calls.get('linear'), calls.get('pursuit')]).toEqual([1, 5]);
    expect(again).toEqual(first);
    // Where the weak one is favoured, the other has not lost.
    expect((await crossValidate(counted, masks, y, { folds: 5, seed: 1, favoured: 'linear' })).chosen[0].method).toBe('pursuit');
    expect(calls.get('pursuit')).toBe(10);
  });

  it('grades predictions where a decoder can give them without a spectrum, made for rows that were not seen', async () => {
    const { masks, y } = plant(hierarchical(14, 8, 3), 100);
    const decode = async () => {
      throw new Error('no spectrum is needed');
    };
    const seenMean = async (_seen: Masks, values: Float64Array, unseen: Masks) => ({
      means: new Float64Array(unseen.count).fill(values.reduce((a, b) => a + b, 0) / values.length),
    });
    const { scored } = await crossValidate([{ method: 'mean', decode, predict: seenMean }], masks, y, { folds: 5, seed: 1 });
    // The mean of other rows is a little worse than the mean of all.
    expect(scored[0].r2).toBeLessThanOrEqual(0);
    expect(scored[0].r2).toBeGreaterThan(-0.1);
  });
});

describe('linear', () => {
  it('is the least-squares plane: −2·F({i}) is the weight of a linear function, at any shift', async () => {
    const masks = pairedMasks(50, 200, 3);
    const random = createRandom(7);
    const terms = Array.from({ length: 50 }, (_, i) => [[i], random.normal()] as [number[], number]);
    const { spectrum } = await linear(masks, evaluateTerms([[[], 500], ...terms], masks), { seed: 1 });
    expect(Math.abs(spectrum.coefficients[0] - 500)).toBeLessThan(1e-3);
    for (const [i, [, c]] of terms.entries()) expect(Math.abs(spectrum.coefficients[i + 1] - c)).toBeLessThan(1e-3);
  });

  it('shrinks where there are fewer rows than players, and gives finite numbers', async () => {
    const masks = pairedMasks(300, 60, 3);
    const { spectrum } = await linear(masks, evaluateTerms(hierarchical(300, 20, 1), masks), { seed: 1 });
    expect(spectrum.coefficients.length).toBe(301);
    expect(spectrum.coefficients.every(Number.isFinite)).toBe(true);
  });
});
