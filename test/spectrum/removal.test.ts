import { describe, expect, it } from 'vitest';
import { masksFromRows } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { setsOf } from '../../src/core/sized.ts';
import { mostMoving } from '../../src/spectrum/removal.ts';
import { evaluateSpectrum, type Spectrum, spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { hierarchical } from './planted.ts';

/** Sums of a hundred float64 terms. */
const EXACT = 1e-9;

/** Largest |f(N ∖ X) − f(N)| over all X of that size, each evaluated by the definition. */
function bruteForce(spectrum: Spectrum, size: number): number {
  const { n } = spectrum;
  const sets = setsOf(n, size);
  const rows = [[], ...sets].map((set) => Array.from({ length: n }, (_, i) => (set.includes(i) ? 0 : 1)));
  const [full, ...others] = evaluateSpectrum(spectrum, masksFromRows(rows));
  return others.reduce((most, v) => Math.max(most, Math.abs(v - full)), 0);
}

function movedBy(spectrum: Spectrum, members: readonly number[]): number {
  const { n } = spectrum;
  const [full, without] = evaluateSpectrum(
    spectrum,
    masksFromRows([new Array(n).fill(1), Array.from({ length: n }, (_, i) => (members.includes(i) ? 0 : 1))]),
  );
  return without - full;
}

describe('the players whose removal moves most', () => {
  it('are those of brute force, beyond 16 players by branch and bound', () => {
    for (const [n, sizes] of [
      [7, [1, 2, 3, 4, 5, 6, 7]],
      [18, [1, 2, 3, 4]],
      [22, [2, 3]],
    ] as [number, number[]][])
      for (const seed of [1, 2, 3]) {
        const spectrum = spectrumFromTerms(n, hierarchical(n, 60, seed));
        for (const size of sizes) {
          const { members, change, proven } = mostMoving(spectrum, size);
          expect(members.length).toBe(size);
          expect(proven).toBe(true);
          expect(Math.abs(movedBy(spectrum, members) - change)).toBeLessThan(EXACT);
          expect(Math.abs(Math.abs(change) - bruteForce(spectrum, size)), `n ${n}, size ${size}, seed ${seed}`).toBeLessThan(EXACT);
        }
      }
  });

  it('are found where greedy search fails: three that do something only together', () => {
    const n = 40;
    // −8·Π over the absent of three players: nothing until all three are gone.
    const absent = [3, 20, 33];
    const terms: [number[], number][] = [
      [[5], -0.4],
      [[6], -0.3],
      [[7], -0.2],
    ];
    for (let bits = 0; bits < 8; bits++) terms.push([absent.filter((_, i) => (bits >> i) & 1), 1]);
    const { members, proven } = mostMoving(spectrumFromTerms(n, terms), 3);
    expect(members).toEqual(absent);
    expect(proven).toBe(true);
  });

  it('are proven for six among 60 players and 300 terms, and local search finds as good a set', () => {
    const spectrum = spectrumFromTerms(60, hierarchical(60, 300, 4));
    const six = mostMoving(spectrum, 6);
    expect(six.proven).toBe(true);
    const random = createRandom(1);
    for (let run = 0; run < 2000; run++) {
      const set = new Set<number>();
      while (set.size < 6) set.add(random.below(60));
      expect(Math.abs(movedBy(spectrum, [...set]))).toBeLessThanOrEqual(Math.abs(six.change) + EXACT);
    }
    const eight = mostMoving(spectrum, 8);
    expect(eight.proven).toBe(false);
    expect(Math.abs(eight.change)).toBeGreaterThanOrEqual(Math.abs(six.change) - EXACT);
  });

  it('may be all of them, and no more', () => {
    const spectrum = spectrumFromTerms(20, [[[1], 1]]);
    expect(mostMoving(spectrum, 20)).toMatchObject({ change: 2, proven: true });
    expect(() => mostMoving(spectrum, 21)).toThrow(/expected 1 to 20 players/);
    expect(() => mostMoving(spectrum, 0)).toThrow(/usage|expected 1 to 20/);
  });
});
