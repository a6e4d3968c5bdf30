import { describe, expect, it } from 'vitest';
import { type Masks, pickMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { faithfulProxyspex, type Grid } from '../../src/proxyspex/faithful.ts';
import { proxyspex } from '../../src/proxyspex/proxyspex.ts';
import { leaveOneOutPenalty } from '../../src/proxyspex/ridge-cv.ts';
import { ridgeRefit } from '../../src/spectrum/refit.ts';
import { evaluateSpectrum, membersOf, spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { rejectedBy } from '../model/support.ts';
import { evaluateTerms, rSquaredOf, type Terms } from '../spectrum/planted.ts';

/** A corner of the grid: seconds, not minutes. */
const SMALL: Grid = { depths: [3, 5], rates: [0.1], trees: [50, 200] };
const terms: Terms = [
  [[], 3],
  [[0], 1],
  [[1], -0.8],
  [[0, 1], 0.6],
  [[2, 3, 4], 0.3],
  [[2], 0.5],
  [[3], 0.4],
];

/** Every row left out in turn, refitted for real. */
function bruteForce(masks: Masks, values: Float64Array, keys: Uint32Array, penalty: number): number {
  let error = 0;
  for (let out = 0; out < masks.count; out++) {
    const rows = Array.from({ length: masks.count }, (_, r) => r).filter((r) => r !== out);
    const size = keys.length;
    const { spectrum } = ridgeRefit(
      pickMasks(masks, rows),
      Float64Array.from(rows, (r) => values[r]),
      keys,
      new Float64Array(size).fill(penalty),
    );
    error += (values[out] - evaluateSpectrum(spectrum, pickMasks(masks, [out]))[0]) ** 2;
  }
  return error;
}

describe('the penalty of a faithful refit', () => {
  it.each([
    [24, 6],
    [16, 30],
  ])('is the one of least error over %i rows left out one by one, with %i terms', async (count, size) => {
    const random = createRandom(4);
    const masks = pairedMasks(9, count, 3);
    const values = evaluateTerms(terms, masks).map((v) => v + random.normal());
    const keys = Uint32Array.from({ length: size }, (_, k) => k);
    const chosen = await leaveOneOutPenalty(masks, values, keys);
    const errors = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + (12 * i) / 99)).map((penalty) => ({
      penalty,
      error: bruteForce(masks, values, keys, penalty),
    }));
    expect(chosen).toBe(errors.reduce((a, b) => (b.error < a.error ? b : a)).penalty);
    // Not at an end of the list, where a mistake could hide.
    expect(chosen).toBeGreaterThan(1e-5);
    expect(chosen).toBeLessThan(1e5);
  });
});

describe('proxyspex, faithful', () => {
  it('keeps the terms of 95 % of the energy and ∅, and no more', async () => {
    const masks = pairedMasks(12, 600, 2);
    const { spectrum, method } = await faithfulProxyspex(masks, evaluateTerms(terms, masks), {}, SMALL);
    expect(method).toBe('proxyspex (faithful)');
    const kept = Array.from(spectrum.coefficients.keys()).map((k) => membersOf(spectrum.keys, k, 12).join());
    // Energies 1, .64, .36, .25, .16, .09: the last would be the 4 % that is too much.
    expect(kept.sort()).toEqual(['', '0', '0,1', '1', '2', '3']);
    const fresh = pairedMasks(12, 1000, 5);
    expect(rSquaredOf(evaluateSpectrum(spectrum, fresh), evaluateTerms(terms, fresh))).toBeGreaterThan(0.95);
  });

  it('keeps ∅ of a function whose values are far from 0, and of a constant nothing else', async () => {
    const masks = pairedMasks(10, 128, 2);
    const far = await faithfulProxyspex(
      masks,
      evaluateTerms(terms, masks).map((v) => v + 1000),
      {},
      SMALL,
    );
    expect(Math.abs(far.spectrum.coefficients[0] - 1003)).toBeLessThan(1);
    const flat = await faithfulProxyspex(masks, new Float64Array(128).fill(7), {}, SMALL);
    expect(flat.spectrum.coefficients.length).toBe(1);
    expect(Math.abs(flat.spectrum.coefficients[0] - 7)).toBeLessThan(1e-3);
  });

  it('is what the option asks for, and another recipe than the default one', async () => {
    const masks = pairedMasks(10, 56, 2);
    const values = evaluateTerms(terms, masks);
    const ours = await proxyspex(masks, values, { seed: 1 });
    const theirs = await proxyspex(masks, values, { seed: 1, faithful: true });
    expect(theirs.spectrum).toEqual((await faithfulProxyspex(masks, values, {})).spectrum);
    expect(theirs.spectrum).not.toEqual(ours.spectrum);
    expect((await rejectedBy(proxyspex(masks, [1], { seed: 1, faithful: true }))).code).toBe('usage');
  });

  it('gives the same whatever the seed, as nothing in it is drawn', async () => {
    const masks = pairedMasks(10, 96, 2);
    const values = evaluateSpectrum(spectrumFromTerms(10, terms), masks);
    const [a, b] = [await faithfulProxyspex(masks, values, {}, SMALL), await faithfulProxyspex(masks, values, {}, SMALL)];
    expect(a.spectrum).toEqual(b.spectrum);
  });
});
