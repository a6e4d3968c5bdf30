import { describe, expect, it } from 'vitest';
import { linear } from '../../src/baselines/linear.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { pursuit } from '../../src/pursuit/pursuit.ts';
import { averageFits } from '../../src/spectrum/average.ts';
import { crossValidate, pairFolds } from '../../src/spectrum/cross-validate.ts';
import { faithfulness, studentT975 } from '../../src/spectrum/faithfulness.ts';
import { interactionRows } from '../../src/spectrum/indices.ts';
import { ridgeRefit } from '../../src/spectrum/refit.ts';
import { evaluateSpectrum, spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { standardErrors } from '../../src/spectrum/uncertainty.ts';
import { evaluateTerms, hierarchical, rSquaredOf } from './planted.ts';

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
    for (const [degrees, t] of table) expect(Math.abs(studentT975(degrees) / t - 1)).toBeLessThan(2e-3);
    expect(Math.abs(studentT975(3) / 3.182 - 1)).toBeLessThan(5e-3);
  });

  it('covers the true R² in at least 92 of 100 runs, from 24 rows up', () => {
    for (const [rows, share] of [
      [24, 0.3],
      [64, 0.05],
      [200, 0.5],
    ]) {
      let covered = 0;
      const runs = 400;
      const random = createRandom(rows);
      for (let run = 0; run < runs; run++) {
        const values = Float64Array.from({ length: rows }, () => random.normal());
        const predicted = values.map((v) => v + Math.sqrt(share) * random.normal());
        const { low, high } = faithfulness(predicted, values, { pairs: run % 2 === 0 });
        if (low <= 1 - share && 1 - share <= high) covered++;
      }
      expect(covered / runs).toBeGreaterThan(0.92);
    }
  });

  it('is never NaN: no rows, one pair, no variance, no error', () => {
    expect(faithfulness([], [])).toEqual({ r2: 0, low: -10, high: 1 });
    expect(faithfulness([1, 2], [1, 2])).toEqual({ r2: 1, low: 1, high: 1 });
    expect(faithfulness([5, 5], [5, 5])).toEqual({ r2: 1, low: 1, high: 1 });
    expect(faithfulness([5, 6], [5, 5])).toEqual({ r2: 0, low: -10, high: 1 });
    const pair = faithfulness([1, 3], [1, 2], { pairs: true });
    expect([pair.r2, pair.low, pair.high].every(Number.isFinite)).toBe(true);
    expect(pair.high - pair.low).toBeGreaterThan(5);
  });
});

describe('standard errors', () => {
  it('are those of repeated experiments: 95 % of intervals hold the planted value', async () => {
    const terms = hierarchical(10, 14, 4);
    const support = spectrumFromTerms(10, terms);
    const rows = interactionRows(support, { index: 'FBII', maxOrder: 5 });
    const random = createRandom(9);
    const noise = 0.5;
    let inside = 0;
    let total = 0;
    for (let run = 0; run < 60; run++) {
      const masks = pairedMasks(10, 200, run);
      const y = evaluateTerms(terms, masks).map((v) => v + noise * random.normal());
      const { spectrum, factor } = ridgeRefit(masks, y, support.keys, new Float64Array(support.coefficients.length));
      const se = standardErrors({ method: 'refit', spectrum, factor }, rows, noise ** 2);
      const got = interactionRows(spectrum, { index: 'FBII', maxOrder: 5 });
      for (const [i, row] of rows.entries()) {
        if (row.terms.length === 0) continue;
        total++;
        if (Math.abs(got[i].value - row.value) <= 1.96 * se[i]) inside++;
      }
    }
    expect(inside / total).toBeGreaterThan(0.93);
    expect(inside / total).toBeLessThan(0.97);
  });

  it('of a mean of a fit with itself are those of the fit, and the mean predicts the mean', async () => {
    const terms = hierarchical(12, 14, 4);
    const masks = pairedMasks(12, 200, 1);
    const y = evaluateTerms(terms, masks);
    const a = await linear(masks, y, { seed: 1 });
    const b = await pursuit(masks, y, { seed: 1 });
    const both = averageFits([a, b]);
    const [pa, pb, pm] = [a, b, both].map((fit) => evaluateSpectrum(fit.spectrum, masks));
    for (let r = 0; r < masks.count; r++) expect(Math.abs(pm[r] - (pa[r] + pb[r]) / 2)).toBeLessThan(1e-10);
    const twice = averageFits([b, b]);
    const errors = (fit: typeof b) => standardErrors(fit, interactionRows(fit.spectrum, { index: 'FBII', maxOrder: 3 }), 1);
    errors(b).forEach((e, i) => expect(Math.abs(errors(twice)[i] - e)).toBeLessThan(1e-12));
    expect(errors({ ...b, factor: null }).every((e) => e === 0)).toBe(true);
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
    const [scored] = await crossValidate([rote], masks, y, { folds: 5, seed: 1 });
    expect(scored.r2).toBeLessThan(0.1);
  });

  it('offers the mean of the best two where that is better', async () => {
    const masks = pairedMasks(14, 200, 3);
    const y = evaluateTerms(hierarchical(14, 30, 3), masks);
    const scored = await crossValidate(
      [
        { method: 'linear', decode: linear },
        { method: 'pursuit', decode: pursuit },
      ],
      masks,
      y,
      { folds: 5, seed: 1 },
    );
    expect(scored.map((s) => s.method).sort()).toEqual(['linear', 'pursuit', 'pursuit+linear']);
    expect(scored[0].r2).toBeGreaterThanOrEqual(scored[1].r2);
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
