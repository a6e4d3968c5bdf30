import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { evaluateTerms, scattered } from '../spectrum/planted.ts';
import { explain } from './support.ts';

describe('auto', () => {
  it('takes pursuit for pure parities of degree 3 and 4, and finds all 20 of 64 players from 500 passes: R² 0.99', async () => {
    const terms = scattered(64, 20, (k) => 3 + (k % 2), createRandom(11));
    const value = async (masks: Parameters<typeof evaluateTerms>[1]) => Float32Array.from(evaluateTerms(terms, masks));
    const { fit, spectrum } = await explain(value, { players: 64, budget: 500 }).result;
    expect(fit.queries).toBeLessThanOrEqual(500);
    expect(fit.candidates?.[0].method).toBe('pursuit');
    expect(fit.r2).toBeGreaterThan(0.99);
    for (const [members, coefficient] of terms) {
      const found = spectrum.find((term) => term.members.join() === members.join());
      expect(Math.abs((found?.coefficient ?? 0) - coefficient)).toBeLessThan(1e-3);
    }
  });

  it('finds 20 parities of four players alone, which complementary masks cannot tell, from 500 passes too', async () => {
    const terms = scattered(64, 20, () => 4, createRandom(12));
    const value = async (masks: Parameters<typeof evaluateTerms>[1]) => Float32Array.from(evaluateTerms(terms, masks));
    const { fit, spectrum } = await explain(value, { players: 64, budget: 500 }).result;
    expect(fit.queries).toBe(500);
    expect(fit.candidates?.[0].method).toBe('pursuit');
    expect(fit.r2).toBeGreaterThan(0.99);
    expect(spectrum.filter((term) => term.members.length > 0 && Math.abs(term.coefficient) > 1e-3)).toHaveLength(20);
    for (const [members, coefficient] of terms) {
      const found = spectrum.find((term) => term.members.join() === members.join());
      expect(Math.abs((found?.coefficient ?? 0) - coefficient)).toBeLessThan(1e-3);
    }
  });
});
