import { describe, expect, it } from 'vitest';
import { allMasks, pickMasks } from '../../src/core/masks.ts';
import { arrange } from '../../src/gp/kernel.ts';
import { latentCoefficients } from '../../src/gp/latent.ts';
import { paced } from '../../src/gp/pace.ts';
import { interactionVariances } from '../../src/gp/posterior.ts';
import { condition, latentMeans, latentVariances } from '../../src/gp/process.ts';
import { rangeOf } from '../../src/gp/warp.ts';
import { interactionRows } from '../../src/spectrum/indices.ts';
import { spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { characters, invertDense } from './oracle.ts';
import { noisyKernel, sequentialKernel } from './suffix-oracle.ts';
import { bentValues, forEachSubset, someMasks, somewhere } from './support.ts';

/** Closed forms in float64 against sums over all 2ⁿ masks; prior variances are up to 10. */
const CLOSE = 1e-8;
const pace = paced(undefined);

/** A process on some rows and, by the dense kernel, the covariance of its values at all masks with those at the rows. */
async function conditioned(n: number, paired = true) {
  const masks = someMasks(n, 20, paired);
  const theta = somewhere(n + 9, 21);
  const process = await condition(arrange(masks, true), rangeOf(bentValues(masks, 3)), theta, pace);
  const everyone = allMasks(n);
  const { inverse } = invertDense(noisyKernel(masks, theta));
  const subsets: number[][] = [];
  forEachSubset(n, (members) => subsets.push(members));
  return { masks, theta, process, everyone, inverse, subsets, across: sequentialKernel(everyone, masks, theta) };
}

describe.each([3, 8, 10])('the latent function of %i players whose endings count', (n) => {
  it('has the spectrum that sums over all masks give, and the means and variances of the dense kernel', async () => {
    const { masks, theta, process, everyone, inverse, subsets, across } = await conditioned(n);
    const alpha = process.weights[0];
    const means = across.map((row) => row.reduce((sum, v, r) => sum + v * alpha[r], 0));
    const half = pickMasks(
      everyone,
      Array.from({ length: 2 ** (n - 1) }, (_, m) => m),
    );
    for (const [i, mean] of (await latentMeans(process, half, pace)).entries())
      expect(Math.abs(mean - means[i & 1 ? 2 ** n - 1 - (i >> 1) : i >> 1])).toBeLessThan(CLOSE);
    const chi = characters(everyone);
    for (const parity of [0, 1] as const) {
      const own = Array.from(subsets.keys()).filter((k) => subsets[k].length % 2 === parity);
      const got = await latentCoefficients(
        process,
        own.map((k) => subsets[k]),
        parity,
        pace,
      );
      for (const [i, k] of own.entries())
        expect(Math.abs(got[i] - means.reduce((sum, v, m) => sum + v * chi[k][m], 0) / 2 ** n)).toBeLessThan(CLOSE);
    }
    const probes = [0, 1, 2 ** n - 1, 5 % 2 ** n, 2 ** (n - 1)];
    const prior = sequentialKernel(pickMasks(everyone, probes), pickMasks(everyone, probes), theta);
    for (const [i, got] of (await latentVariances(process, pickMasks(everyone, probes), pace)).entries()) {
      const column = across[probes[i]];
      let want = prior[i][i];
      for (let r = 0; r < masks.count; r++) for (let s = 0; s < masks.count; s++) want -= column[r] * inverse[r][s] * column[s];
      expect(Math.abs(got - Math.max(0, want))).toBeLessThan(CLOSE);
    }
  });
});

describe('the variance of an interaction where endings count', () => {
  it.each((['FBII', 'BII', 'SV', 'SII', 'STII', 'Fourier'] as const).flatMap((index) => [4, 8].map((n) => ({ index, n }))))(
    'is the posterior variance of the sum over all masks ($index, $n players)',
    async ({ index, n }) => {
      const { masks, theta, process, everyone, inverse, subsets, across } = await conditioned(n, n === 8);
      const spectrum = spectrumFromTerms(n, [
        [[0, 1], 1],
        [[0, n - 1], 1],
        [[1, 2, n - 1], 1],
        [[0, 1, 2, 3], 1],
      ]);
      const functionals = interactionRows(spectrum, { index, maxOrder: 4 });
      const got = await interactionVariances(process, functionals, pace);
      const chi = characters(everyone);
      const prior = sequentialKernel(everyone, everyone, theta);
      for (const [f, { members, byDegree }] of functionals.entries()) {
        // I_S = Σ_x h(x) f(x), h(x) = 2⁻ⁿ Σ_T w_T χ_T(x).
        const weights = subsets.map((t) => (members.every((i) => t.includes(i)) ? byDegree[t.length] : 0));
        const h = Array.from({ length: 2 ** n }, (_, m) => weights.reduce((sum, w, k) => sum + w * chi[k][m], 0) / 2 ** n);
        const q = Array.from({ length: masks.count }, (_, r) => h.reduce((sum, v, m) => sum + v * across[m][r], 0));
        let want = h.reduce((sum, v, m) => sum + v * h.reduce((inner, u, o) => inner + u * prior[m][o], 0), 0);
        for (let r = 0; r < q.length; r++) for (let s = 0; s < q.length; s++) want -= q[r] * inverse[r][s] * q[s];
        expect(Math.abs(got[f] - want)).toBeLessThan(CLOSE * (1 + weights.reduce((sum, w) => sum + w * w, 0)));
      }
    },
  );
});
