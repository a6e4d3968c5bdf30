import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { spectrumOfTable } from '../../src/spectrum/fwht.ts';
import { type IndexName, indexWeight } from '../../src/spectrum/index-weights.ts';
import { toInteractions } from '../../src/spectrum/indices.ts';
import { bernoulliRational, rational, toNumber } from '../../src/spectrum/rational.ts';

/** The file holds 12 decimals; shapiq solves FSII and FBII by least squares with weights of 1e7. */
const ROUNDED = 1e-9;
const REGRESSED = 1e-5;

interface GoldenGame {
  readonly n: number;
  readonly table: readonly number[];
  readonly indices: readonly { readonly index: IndexName; readonly order: number; readonly values: Readonly<Record<string, number>> }[];
}

const { games } = JSON.parse(readFileSync(new URL('./golden/shapiq-indices.json', import.meta.url), 'utf8')) as {
  games: Readonly<Record<string, GoldenGame>>;
};

describe('shapiq 1.4.1 computes the same from every mask', () => {
  it.each(Object.entries(games))('%s', (_, { n, table, indices }) => {
    const spectrum = spectrumOfTable(table, n);
    expect(new Set(indices.map(({ index }) => index)).size).toBe(9);
    for (const { index, order, values } of indices) {
      const got = new Map(toInteractions(spectrum, { index, maxOrder: order }).map((i) => [i.members.join(), i.value]));
      const tolerance = index === 'FSII' || index === 'FBII' ? REGRESSED : ROUNDED;
      // shapiq leaves out what is zero.
      for (const key of new Set([...got.keys(), ...Object.keys(values)]))
        expect(Math.abs((got.get(key) ?? 0) - (values[key] ?? 0)), `${index} ${order} of ${key}`).toBeLessThan(tolerance);
    }
  });
});

describe('weights are exact', () => {
  it('where float64 sums would have lost every digit', () => {
    // FSII of order 2 of single players in even frequencies is −6/(t + 1): at t = 60 a float64 sum gives 9e9.
    for (const t of [4, 30, 40, 60, 200]) expect(indexWeight('FSII', 2, t, 1)).toBeCloseTo(-6 / (t + 1), 14);
    for (const t of [40, 60, 200]) expect(Math.abs(indexWeight('STII', 3, t, 3))).toBeLessThan(9);
  });

  it('and share out the whole: Σ over subsets of 1 … ℓ players is f(N) − f(∅), which is −2 for odd and 0 for even frequencies', () => {
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    for (const [index, order] of [
      ['SV', 1],
      ['k-SII', 2],
      ['k-SII', 4],
      ['STII', 2],
      ['STII', 4],
      ['FSII', 2],
      ['FSII', 3],
    ] as [IndexName, number][])
      for (let t = 1; t <= 12; t++) {
        let sum = 0;
        for (let s = 1; s <= Math.min(order, t); s++) sum += choose(t, s) * indexWeight(index, order, t, s);
        expect(Math.abs(sum - (t % 2 ? -2 : 0)), `${index} ${order}, t = ${t}`).toBeLessThan(1e-9);
      }
  });

  it('from exact fractions', () => {
    expect(bernoulliRational(12)).toEqual(rational(-691, 2730));
    expect(bernoulliRational(1)).toEqual(rational(-1, 2));
    expect(toNumber(rational(1, 3))).toBe(1 / 3);
    expect(toNumber(rational(-(10n ** 400n), 3n * 10n ** 399n))).toBe(-10 / 3);
    expect(toNumber(rational(0, -5))).toBe(0);
  });
});
