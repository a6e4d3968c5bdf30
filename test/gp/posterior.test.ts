import { describe, expect, it } from 'vitest';
import { arrange } from '../../src/gp/kernel.ts';
import { paced } from '../../src/gp/pace.ts';
import { interactionVariances } from '../../src/gp/posterior.ts';
import { condition } from '../../src/gp/process.ts';
import { rangeOf } from '../../src/gp/warp.ts';
import { interactionRows } from '../../src/spectrum/indices.ts';
import { spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { characters, denseKernel, invertDense, named, priorVariances } from './oracle.ts';
import { bentValues, forEachSubset, someMasks, somewhere } from './support.ts';

/** Variances are differences of numbers up to 10, the prior variance of the constant. */
const CLOSE = 1e-9;

describe('the variance of an interaction', () => {
  it.each((['FBII', 'BII', 'SV', 'SII', 'Fourier'] as const).flatMap((index) => [true, false].map((paired) => ({ index, paired }))))(
    'is the posterior variance of the sum over all 2ⁿ frequencies ($index, pairs: $paired)',
    async ({ index, paired }) => {
      const n = 8;
      const masks = someMasks(n, 18, paired);
      const theta = somewhere(n + 5, 12);
      const process = await condition(arrange(masks), rangeOf(bentValues(masks, 2)), theta, paced(undefined));
      const spectrum = spectrumFromTerms(n, [
        [[0, 1], 1],
        [[2, 5, 7], 1],
        [[3, 4, 5, 6], 1],
      ]);
      const functionals = interactionRows(spectrum, { index, maxOrder: 4 });
      const got = await interactionVariances(process, functionals, paced(undefined));

      const prior = [...priorVariances(named(theta, n)).values()];
      const chi = characters(masks);
      const { inverse } = invertDense(denseKernel(masks, theta));
      const subsets: number[][] = [];
      forEachSubset(n, (members) => subsets.push(members));
      for (const [f, { members, byDegree }] of functionals.entries()) {
        const weights = subsets.map((t) => (members.every((i) => t.includes(i)) ? byDegree[t.length] : 0));
        const q = Array.from({ length: masks.count }, (_, r) => weights.reduce((sum, w, k) => sum + w * prior[k] * chi[k][r], 0));
        let want = weights.reduce((sum, w, k) => sum + w * w * prior[k], 0);
        for (let r = 0; r < q.length; r++) for (let s = 0; s < q.length; s++) want -= q[r] * inverse[r][s] * q[s];
        expect(Math.abs(got[f] - want)).toBeLessThan(CLOSE * (1 + weights.reduce((sum, w) => sum + w * w, 0)));
      }
    },
  );
});
