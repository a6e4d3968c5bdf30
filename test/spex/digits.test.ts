import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { plainFwht } from '../../src/spectrum/fwht.ts';
import { DIGITS, fromDigits, onGrid, toDigits } from '../../src/spex/digits.ts';

const numbers = fc
  .array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 })
  .filter((values) => values.some((v) => Math.abs(v) > 1e-3));

describe('numbers on a grid', () => {
  it('are within 2^−37 of the largest, whole multiples of the step, and no −0', () => {
    fc.assert(
      fc.property(numbers, (given) => {
        const { step, values } = onGrid(Float64Array.from(given));
        const largest = Math.max(...given.map(Math.abs));
        given.forEach((v, i) => {
          expect(Math.abs(values[i] - v)).toBeLessThanOrEqual(largest * 2 ** -37);
          expect(Number.isInteger(values[i] / step) && !Object.is(values[i], -0)).toBe(true);
        });
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('are their digits, each within 2^12', () => {
    fc.assert(
      fc.property(numbers, (given) => {
        const { step, values } = onGrid(Float64Array.from(given));
        const digits = toDigits(values, step);
        expect(digits.length).toBe(DIGITS * values.length);
        expect(digits.every((d) => Number.isInteger(d) && Math.abs(d) <= 2 ** 12 && !Object.is(d, -0))).toBe(true);
        expect(fromDigits(digits, step)).toEqual(values);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it.each([1, -1, 1 + 2 ** -30])('have exact sums by digits where all 2^12 of them are %d: nothing overflows', (value) => {
    const { step, values } = onGrid(new Float64Array(4096).fill(value));
    const digits = toDigits(values, step);
    const sums = Float32Array.from({ length: DIGITS }, (_, d) =>
      digits.subarray(d * 4096, (d + 1) * 4096).reduce((a, b) => Math.fround(a + b), 0),
    );
    expect(fromDigits(sums, step)[0]).toBe(4096 * values[0]);
  });

  it('have the transform of their digits in float32, whatever the order of its stages', () => {
    const random = createRandom(3);
    const { step, values } = onGrid(Float64Array.from({ length: 4096 }, () => random.normal()));
    const digits = toDigits(values, step);
    // From the largest distance down: other sums on the way than those of radix 2.
    for (let h = 2048; h >= 1; h /= 2)
      for (let i = 0; i < digits.length; i++) {
        if (i & h) continue;
        const [a, b] = [digits[i], digits[i + h]];
        digits[i] = a + b;
        digits[i + h] = a - b;
      }
    expect(fromDigits(digits, step)).toEqual(plainFwht(values));
  });
});
