import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { crossFitted } from '../../src/spectrum/cross-fitted.ts';

interface Case {
  readonly rows: number;
  readonly error: number;
  readonly folds: number;
  readonly r2: number;
  readonly low: number;
  readonly high: number;
  readonly bound: number;
}
const golden = JSON.parse(readFileSync(new URL('golden/cross-fitted.json', import.meta.url), 'utf8')) as Case[];

/** Our quantile of Student's t is good to 2 in 1,000, which moves the ends of an interval by less. */
const QUANTILE = 2e-3;
const FLOAT64 = 1e-12;

const valuesOf = (rows: number) => Float64Array.from({ length: rows }, (_, i) => Math.sin(i) + 0.5 * Math.cos(2.3 * i));

describe('R² from rows that were held out in turn', () => {
  it.each(golden)('equals the formulas in numpy: $rows rows, $folds folds', ({ rows, error, folds, ...expected }) => {
    const values = valuesOf(rows);
    const found = crossFitted(
      values.map((v, i) => v - error * Math.sin(3 * i + 1)),
      values,
      { folds },
    );
    expect(Math.abs(found.r2 - expected.r2)).toBeLessThan(FLOAT64);
    for (const end of ['low', 'high', 'bound'] as const) expect(Math.abs(found[end] - expected[end])).toBeLessThan(QUANTILE);
  });

  it('takes off what is expected and left out, with what is uncertain about it', () => {
    const values = valuesOf(100);
    const predicted = values.map((v, i) => v + 0.2 * Math.sin(3 * i));
    const variance = values.reduce((sum, v) => sum + v * v, 0) / 100 - (values.reduce((a, b) => a + b, 0) / 100) ** 2;
    const [whole, cut] = [0, 0.1 * variance].map((left) => crossFitted(predicted, values, { folds: 5, left }));
    expect(Math.abs(whole.r2 - cut.r2 - 0.1)).toBeLessThan(FLOAT64);
    expect(cut.high - cut.low).toBeGreaterThan(whole.high - whole.low);
    expect(cut.bound).toBeLessThan(whole.bound - 0.1);
  });

  it('may have found the function where one fold has, though the others have not', () => {
    const values = valuesOf(100);
    const beside = (rows: number) =>
      crossFitted(
        values.map((v, i) => v + (i < rows ? 0 : 0.2 * Math.sin(3 * i + 1))),
        values,
        { folds: 5 },
      );
    expect(beside(20).high).toBe(1);
    expect(beside(18).high).toBeLessThan(1);
    expect(beside(20).low).toBeLessThan(beside(20).r2);
    expect(
      crossFitted(
        Array.from(values, (v, i) => (i < 20 ? v : v + 0.2)),
        values,
        { folds: 5, left: 0.1 },
      ).high,
    ).toBeLessThan(1);
  });

  it('is never NaN, and claims no more than was seen: no rows, one pair, no variance, no error', () => {
    const values = valuesOf(20);
    expect(crossFitted([], [], { folds: 5 })).toEqual({ r2: 0, low: -10, high: 1, bound: -10 });
    expect(crossFitted(values, values, { folds: 5 })).toEqual({ r2: 1, low: 0.025 ** 0.1, high: 1, bound: 0.05 ** 0.1 });
    expect(crossFitted([5, 5], [5, 5], { folds: 5 })).toEqual({ r2: 1, low: 0, high: 1, bound: 0 });
    expect(crossFitted([5, 6], [5, 5], { folds: 5 })).toEqual({ r2: 0, low: -10, high: 1, bound: -10 });
    expect(Object.values(crossFitted([1, 3], [1, 2], { folds: 5 })).every((v) => !Number.isNaN(v))).toBe(true);
    expect(Object.values(crossFitted(values, values, { folds: 5, left: 0.1 })).every(Number.isFinite)).toBe(true);
    expect(() => crossFitted([1], [1, 2], { folds: 5 })).toThrow(/expected 2 predictions, got 1/);
  });
});
