import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebspexError } from '../../src/core/errors.ts';
import { allMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { fwht, fwhtRows, plainFwht, spectrumOfTable } from '../../src/spectrum/fwht.ts';
import { degrees, evaluateSpectrum, membersOf, spectrumFromTerms } from '../../src/spectrum/spectrum.ts';

const ROUNDING = 1e-10;

function naive(values: Float64Array): Float64Array {
  const sign = (v: number) => (v.toString(2).replaceAll('0', '').length % 2 ? -1 : 1);
  return values.map((_, k) => values.reduce((sum, v, m) => sum + sign(k & m) * v, 0));
}

const randomTable = (n: number, seed: number) => {
  const random = createRandom(seed);
  return Float64Array.from({ length: 2 ** n }, () => random.normal());
};

describe('fwht', () => {
  it.each([0, 1, 2, 3, 4, 5, 8, 9, 10])('equals the sum over all masks, n = %i', (n) => {
    const table = randomTable(n, n);
    const want = naive(table);
    const got = fwht(table.slice());
    for (let k = 0; k < want.length; k++) expect(Math.abs(got[k] - want[k])).toBeLessThan(ROUNDING);
  });

  it('is its own inverse up to 2ⁿ and keeps energy, n = 14', () => {
    const table = randomTable(14, 3);
    const once = fwht(table.slice());
    const energy = (v: Float64Array) => v.reduce((s, x) => s + x * x, 0);
    expect(Math.abs(energy(once) / 2 ** 14 / energy(table) - 1)).toBeLessThan(ROUNDING);
    const twice = fwht(once);
    for (let m = 0; m < table.length; m++) expect(Math.abs(twice[m] / 2 ** 14 - table[m])).toBeLessThan(ROUNDING);
  });

  it.each([
    [1, 5],
    [8, 3],
    [2 ** 12, 67],
    [2 ** 18, 3],
  ])('does rows of %i numbers, %i of them, each as one alone', (size, rows) => {
    const random = createRandom(rows);
    const table = Float64Array.from({ length: rows * size }, () => random.normal());
    const want = table.slice();
    for (let r = 0; r < rows; r++) plainFwht(want.subarray(r * size, (r + 1) * size));
    expect(fwhtRows(table, size)).toBe(table);
    expect(table).toEqual(want);
  });

  it('refuses rows that are no power of two, and parts of rows', () => {
    for (const [length, size] of [
      [12, 6],
      [12, 8],
      [8, 0],
      [8, 0.5],
    ])
      expect(() => fwhtRows(new Float64Array(length), size)).toThrow(new RegExp(`got ${length} in rows of ${size}`));
    expect(fwhtRows(new Float64Array(0), 4).length).toBe(0);
  });

  it('refuses lengths that are no power of two', () => {
    expect(() => fwht(new Float64Array(12))).toThrow(WebspexError);
    expect(() => fwht(new Float64Array(0))).toThrow(WebspexError);
    expect(() => spectrumOfTable(new Float64Array(8), 4)).toThrow(/16 values for 4 players, got 8/);
  });
});

describe('a spectrum', () => {
  it('has the sign convention: f = Σ wᵢ·mᵢ has F({i}) = −wᵢ/2 and F(∅) = Σw/2', () => {
    const w = [2, -3, 0.5];
    const table = Float64Array.from({ length: 8 }, (_, m) => w.reduce((s, x, i) => s + ((m >> i) & 1) * x, 0));
    const spectrum = spectrumOfTable(table, 3);
    const at = (members: number[]) =>
      Array.from(spectrum.coefficients).find((_, k) => membersOf(spectrum.keys, k, 3).join() === members.join()) ?? 0;
    expect(at([])).toBeCloseTo(-0.25, 12);
    w.forEach((x, i) => {
      expect(at([i])).toBeCloseTo(-x / 2, 12);
    });
    expect(spectrum.coefficients.length).toBe(4);
  });

  it('evaluates to the table it came from', () => {
    const table = randomTable(9, 5);
    const got = evaluateSpectrum(spectrumOfTable(table, 9), allMasks(9));
    for (let m = 0; m < table.length; m++) expect(Math.abs(got[m] - table[m])).toBeLessThan(ROUNDING);
  });

  it('keeps members, degrees and sums of equal members at any width', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 31, 32, 33, 64, 1000),
        fc.array(fc.array(fc.nat(999), { maxLength: 6 }), { maxLength: 8 }),
        (n, sets) => {
          const terms = sets.map((s) => [[...new Set(s.map((i) => i % n))].sort((a, b) => a - b), 1] as const);
          const spectrum = spectrumFromTerms(n, terms);
          const sizes = degrees(spectrum);
          return Array.from(spectrum.coefficients.keys()).every((k) => {
            const members = membersOf(spectrum.keys, k, n);
            return sizes[k] === members.length && spectrum.coefficients[k] === terms.filter(([m]) => m.join() === members.join()).length;
          });
        },
      ),
      { numRuns: 200, seed: 4 },
    );
  });
});
