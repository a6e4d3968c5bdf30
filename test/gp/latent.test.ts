import { describe, expect, it } from 'vitest';
import { allMasks, pickMasks } from '../../src/core/masks.ts';
import { arrange } from '../../src/gp/kernel.ts';
import { everyLatentMean, latentCoefficients, priorOf } from '../../src/gp/latent.ts';
import { paced } from '../../src/gp/pace.ts';
import { condition, latentMeans, latentVariances } from '../../src/gp/process.ts';
import { rangeOf } from '../../src/gp/warp.ts';
import { spectrumOfTable } from '../../src/spectrum/fwht.ts';
import { characters, denseKernel, invertDense, named, priorVariances } from './oracle.ts';
import { bentValues, forEachSubset, someMasks, somewhere } from './support.ts';

/** Closed forms in float64 against sums over 2ⁿ; prior variances are up to 10. */
const CLOSE = 1e-8;
const n = 8;

describe.each([true, false])('the latent function (pairs: %s)', (paired) => {
  const masks = someMasks(n, 20, paired);
  const theta = somewhere(n + 7, 21);
  const conditioned = condition(arrange(masks), rangeOf(bentValues(masks, 3)), theta, paced(undefined));
  const subsets: number[][] = [];
  forEachSubset(n, (members) => subsets.push(members));

  it('has the spectrum that the transform of its means over all masks gives', async () => {
    const everyone = allMasks(n);
    const half = pickMasks(
      everyone,
      Array.from({ length: 2 ** (n - 1) }, (_, m) => m),
    );
    const process = await conditioned;
    const means = await latentMeans(process, half, paced(undefined));
    const table = new Float64Array(2 ** n);
    for (let m = 0; m < half.count; m++) {
      table[m] = means[2 * m];
      table[2 ** n - 1 - m] = means[2 * m + 1];
    }
    const every = everyLatentMean(process);
    for (let m = 0; m < 2 ** n; m++) expect(Math.abs(every[m] - table[m])).toBeLessThan(CLOSE);
    const spectrum = spectrumOfTable(table, n);
    const want = new Map(Array.from(spectrum.keys, (key, k) => [key, spectrum.coefficients[k]]));
    for (const parity of [0, 1] as const) {
      const own = subsets.filter((s) => s.length % 2 === parity);
      const got = await latentCoefficients(process, own, parity, paced(undefined));
      for (const [k, members] of own.entries()) {
        const key = members.reduce((bits, i) => bits | (1 << i), 0);
        expect(Math.abs(got[k] - (want.get(key) ?? 0))).toBeLessThan(CLOSE);
      }
    }
  });

  it('has the prior variances of the definition', async () => {
    const want = priorVariances(named(theta, n));
    for (const [k, v] of priorOf((await conditioned).hyper, subsets).entries())
      expect(Math.abs(v - want.get(subsets[k].join())!)).toBeLessThan(CLOSE);
  });

  it('has at every mask the variance that the dense kernel gives', async () => {
    const prior = [...priorVariances(named(theta, n)).values()];
    const probes = pickMasks(allMasks(n), [0, 3, 77, 200, 255]);
    const [chi, seen] = [characters(probes), characters(masks)];
    const { inverse } = invertDense(denseKernel(masks, theta));
    for (const [r, got] of (await latentVariances(await conditioned, probes, paced(undefined))).entries()) {
      const column = Array.from({ length: masks.count }, (_, s) => prior.reduce((sum, v, k) => sum + v * chi[k][r] * seen[k][s], 0));
      let want = prior.reduce((a, b) => a + b, 0);
      for (let s = 0; s < column.length; s++) for (let t = 0; t < column.length; t++) want -= column[s] * inverse[s][t] * column[t];
      expect(Math.abs(got - Math.max(0, want))).toBeLessThan(CLOSE);
    }
  });
});
