import { describe, expect, it } from 'vitest';
import { isPresent, type Masks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { plainCorrelator } from '../../src/pursuit/correlate.ts';
import { createCorrelator } from '../../src/pursuit/correlate-wasm.ts';
import { exhaustiveDegree } from '../../src/pursuit/exhaust.ts';
import { greedy } from '../../src/pursuit/greedy.ts';
import { pursuit } from '../../src/pursuit/pursuit.ts';
import { scattered } from '../../src/pursuit/scattered.ts';
import { evaluateSpectrum, membersOf, type Spectrum, spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { evaluateTerms, hierarchical, rSquaredOf, scattered as scatteredTerms, withNoise } from '../spectrum/planted.ts';

describe('correlations', () => {
  it.each([
    [1, 5],
    [9, 40],
    [33, 449],
    [40, 700],
  ])('equal the sum over rows, for %i players and %i rows', (n, count) => {
    const masks = pairedMasks(n, count * 2, 3);
    const rows = { ...masks, count: Math.min(masks.count, count) };
    const random = createRandom(4);
    const { weights, sums, run } = plainCorrelator(rows);
    for (let i = 0; i < weights.length; i++) weights[i] = random.normal();
    run();
    for (let i = 0; i < n; i++)
      for (const lane of [0, 1]) {
        let want = 0;
        for (let r = 0; r < rows.count; r++) want += isPresent(rows, r, i) ? -weights[2 * r + lane] : weights[2 * r + lane];
        expect(Math.abs(sums[2 * i + lane] - want)).toBeLessThan(1e-10); // float64 sums in another order
      }
  });
});

/** What the posterior must add to R² to be worth its 170 lines. */
const WORTH = 0.005;

/** The greedy stage alone, as a spectrum in the units of the values. */
async function greedySpectrum(masks: Masks, values: Float64Array): Promise<Spectrum> {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const scale = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  const rows = { masks, y: values.map((v) => (v - mean) / scale) };
  const { support, coefficients } = await greedy(rows, createCorrelator(masks), { seed: 1 });
  return spectrumFromTerms(
    masks.n,
    support.terms.map(({ members }, k) => [members, coefficients[k] * scale + (members.length === 0 ? mean : 0)] as const),
  );
}

describe('the greedy stage', () => {
  // R² on 1,000 fresh masks of an independent numpy prototype of the same algorithm on the same data (hierarchical(128, 60, seed), 10 % noise).
  it.each([
    [1, 500, 0.92966, 44],
    [1, 1000, 0.95146, 49],
    [2, 500, 0.85175, 42],
    [2, 1000, 0.97753, 56],
    [3, 500, 0.76505, 35],
    [3, 1000, 0.98283, 59],
  ])('equals its numpy prototype on planted function %i at %i masks', async (seed, count, r2, terms) => {
    const planted = hierarchical(128, 60, seed);
    const masks = pairedMasks(128, count, seed);
    const fresh = pairedMasks(128, 1000, 1000 + seed);
    const spectrum = await greedySpectrum(masks, withNoise(evaluateTerms(planted, masks), 0.1, createRandom(seed)));
    expect(spectrum.coefficients.length).toBe(terms);
    expect(Math.abs(rSquaredOf(evaluateSpectrum(spectrum, fresh), evaluateTerms(planted, fresh)) - r2)).toBeLessThan(1e-4);
    const truth = new Set(planted.map(([m]) => m.join()));
    const found = Array.from({ length: terms }, (_, k) => membersOf(spectrum.keys, k, 128).join()).filter((m) => truth.has(m)).length;
    expect(found / terms).toBeGreaterThan(0.93);
  });
});

describe('pursuit', () => {
  it('predicts fresh masks better than its greedy stage alone, from few masks and from many', async () => {
    for (const [n, count] of [
      [20, 128],
      [60, 256],
      [128, 500],
    ]) {
      const gains: number[] = [];
      for (const seed of [1, 2, 3]) {
        const planted = hierarchical(n, 60, seed);
        const masks = pairedMasks(n, count, seed);
        const values = withNoise(evaluateTerms(planted, masks), 0.1, createRandom(seed));
        const fresh = pairedMasks(n, 1000, 1000 + seed);
        const truth = evaluateTerms(planted, fresh);
        const r2 = (spectrum: Spectrum) => rSquaredOf(evaluateSpectrum(spectrum, fresh), truth);
        gains.push(r2((await pursuit(masks, values, { seed })).spectrum) - r2(await greedySpectrum(masks, values)));
      }
      expect(gains.reduce((a, b) => a + b) / gains.length, `${n} players, ${count} masks`).toBeGreaterThan(WORTH);
    }
  });

  it('is exact without noise', async () => {
    const terms = hierarchical(30, 20, 9);
    const masks = pairedMasks(30, 400, 2);
    const { spectrum, factor } = await pursuit(masks, evaluateTerms(terms, masks), { seed: 1 });
    const fresh = pairedMasks(30, 500, 99);
    expect(rSquaredOf(evaluateSpectrum(spectrum, fresh), evaluateTerms(terms, fresh))).toBeGreaterThan(1 - 1e-6);
    expect(factor!.length).toBe(spectrum.coefficients.length ** 2);
  });

  it('does not care about shift, scale or the names of the players', async () => {
    const terms = hierarchical(20, 25, 5);
    const masks = pairedMasks(20, 300, 2);
    const values = withNoise(evaluateTerms(terms, masks), 0.05, createRandom(8));
    const plain = await pursuit(masks, values, { seed: 1 });
    const moved = await pursuit(
      masks,
      values.map((v) => 1e-3 * v + 50),
      { seed: 1 },
    );
    expect(Array.from(moved.spectrum.keys)).toEqual(Array.from(plain.spectrum.keys));
    for (let k = 1; k < plain.spectrum.coefficients.length; k++)
      expect(Math.abs(moved.spectrum.coefficients[k] - 1e-3 * plain.spectrum.coefficients[k])).toBeLessThan(1e-9);
    const mirror = {
      ...masks,
      words: masks.words.map((w) => Array.from({ length: 20 }, (_, i) => ((w >>> i) & 1) << (19 - i)).reduce((a, b) => a | b)),
    };
    const mirrored = await pursuit(mirror, values, { seed: 1 });
    const names = (k: number) =>
      membersOf(mirrored.spectrum.keys, k, 20)
        .map((i) => 19 - i)
        .reverse()
        .join();
    const got = new Map(Array.from(mirrored.spectrum.coefficients, (c, k) => [names(k), c]));
    for (let k = 0; k < plain.spectrum.coefficients.length; k++)
      expect(Math.abs((got.get(membersOf(plain.spectrum.keys, k, 20).join()) ?? 99) - plain.spectrum.coefficients[k])).toBeLessThan(1e-8);
  });

  it('finds nothing in nothing, and survives four rows and a thousand players', async () => {
    const masks = pairedMasks(12, 60, 1);
    const flat = await pursuit(masks, new Float64Array(60).fill(3), { seed: 1 });
    expect(Array.from(flat.spectrum.coefficients)).toEqual([3]);
    const few = await pursuit({ ...masks, count: 4 }, [1, 2, 3, 5], { seed: 1 });
    expect(few.spectrum.coefficients.every(Number.isFinite)).toBe(true);
    const terms = hierarchical(1000, 20, 3);
    const wide = pairedMasks(1000, 600, 1);
    const { spectrum } = await pursuit(wide, evaluateTerms(terms, wide), { seed: 1 });
    const fresh = pairedMasks(1000, 400, 9);
    expect(rSquaredOf(evaluateSpectrum(spectrum, fresh), evaluateTerms(terms, fresh))).toBeGreaterThan(0.9);
  });
});

describe('exhaustive screening', () => {
  it('finds what has no smaller parts to build on: n = 64, 20 parities of degree 3 and 4, R² 0.99 at 500 masks, with noise at 700', async () => {
    for (const [seed, count, noise] of [
      [1, 500, 0],
      [2, 500, 0],
      [3, 500, 0],
      [4, 700, 0.05],
    ]) {
      const terms = scatteredTerms(64, 20, (k) => 3 + (k % 2), createRandom(seed));
      const masks = pairedMasks(64, count, seed);
      const { spectrum } = await pursuit(masks, withNoise(evaluateTerms(terms, masks), noise, createRandom(seed)), { seed: 1 });
      const fresh = pairedMasks(64, 1000, 100 + seed);
      expect(rSquaredOf(evaluateSpectrum(spectrum, fresh), evaluateTerms(terms, fresh))).toBeGreaterThan(0.99);
    }
  });

  it('of parities of one degree, of which complementary masks say the same twice, takes 700 masks', async () => {
    for (const degree of [3, 4]) {
      const terms = scatteredTerms(64, 20, () => degree, createRandom(degree));
      const masks = pairedMasks(64, 700, 1);
      const { spectrum } = await pursuit(masks, evaluateTerms(terms, masks), { seed: 1 });
      const fresh = pairedMasks(64, 1000, 100);
      expect(rSquaredOf(evaluateSpectrum(spectrum, fresh), evaluateTerms(terms, fresh))).toBeGreaterThan(0.99);
    }
  });

  it('keeps what is known where nothing is clearly better: of noise, and of a hierarchy', async () => {
    const masks = pairedMasks(40, 300, 1);
    const random = createRandom(5);
    const noise = Float64Array.from({ length: masks.count }, () => random.normal());
    const hierarchy = withNoise(evaluateTerms(hierarchical(40, 30, 1), masks), 0.4, random);
    for (const values of [noise, hierarchy]) {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const scale = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
      const rows = { masks, y: values.map((v) => (v - mean) / scale) };
      const known = await greedy(rows, createCorrelator(masks), { seed: 1 });
      expect(await scattered(rows, createCorrelator(masks), known, { seed: 1 })).toBe(known);
    }
  });

  it('goes as far as half a second goes: degree 4 for 64 players, 3 for 128, none for 1,000 or from few masks', () => {
    expect([exhaustiveDegree(64, 1000), exhaustiveDegree(128, 1000), exhaustiveDegree(1000, 1000), exhaustiveDegree(64, 100)]).toEqual([
      4, 3, 0, 0,
    ]);
  });
});
