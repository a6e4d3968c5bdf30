import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { structureOf } from '../../src/spectrum/structure.ts';

/** Sums of a few dozen float64 squares. */
const EXACT = 1e-12;

type Terms = [number[], number][];

/** By the definitions, on lists of sets. */
function slow(terms: Terms): { dsr: number; scr: number; terms: number } {
  const live = terms.filter(([set, c]) => set.length > 0 && c !== 0).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const total = live.reduce((sum, [, c]) => sum + c * c, 0);
  let held = 0;
  const kept = live.filter(([, c]) => {
    const wanted = held < 0.95 * total;
    held += c * c;
    return wanted;
  });
  const sets = [[] as number[], ...kept.map(([set]) => set)];
  const has = (set: readonly number[]) => sets.some((s) => s.join() === set.join());
  const less = (set: readonly number[]) => set.map((i) => set.filter((j) => j !== i));
  const chain = (set: readonly number[]): boolean => has(set) && (set.length === 0 || less(set).some(chain));
  const direct = sets.map((set) => (set.length === 0 ? 1 : less(set).filter(has).length / set.length));
  return { terms: kept.length, dsr: direct.reduce((a, b) => a + b) / sets.length, scr: sets.filter(chain).length / sets.length };
}

describe('the structure of a spectrum', () => {
  it('is 7/8 in the paper’s example of direct subsets', () => {
    const { dsr, scr, energy, terms } = structureOf(
      spectrumFromTerms(4, [
        [[], 0.1],
        [[1], 1],
        [[2], 1],
        [[1, 3], 1],
      ]),
    );
    expect(dsr).toBe(7 / 8);
    expect(scr).toBe(1);
    expect(terms).toBe(3);
    expect(energy.map((e) => e.toFixed(6))).toEqual(['0.666667', '0.333333']);
  });

  it('equals the definitions on random spectra, beyond 32 players too', () => {
    const random = createRandom(4);
    for (let run = 0; run < 30; run++) {
      const n = run % 2 ? 7 : 40;
      const sets = new Map<string, [number[], number]>();
      for (let k = 0; k < 40; k++) {
        const set = [...new Set(Array.from({ length: random.below(4) }, () => random.below(n < 10 ? n : 6) * (n < 10 ? 1 : 7)))].sort(
          (a, b) => a - b,
        );
        sets.set(set.join(), [set, random.normal() ** 3]);
      }
      const terms = [...sets.values()];
      const got = structureOf(spectrumFromTerms(n, terms));
      const want = slow(terms);
      expect(got.terms).toBe(want.terms);
      expect(Math.abs(got.dsr - want.dsr)).toBeLessThan(EXACT);
      expect(Math.abs(got.scr - want.scr)).toBeLessThan(EXACT);
      expect(Math.abs(got.energy.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(EXACT);
    }
  });

  it('of a constant function is nothing', () => {
    expect(structureOf(spectrumFromTerms(5, [[[], 3]]))).toEqual({ energy: [], terms: 0, dsr: 1, scr: 1 });
  });
});
