import { describe, expect, it } from 'vitest';
import { allMasks, isPresent } from '../../src/core/masks.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { gp, predictGp } from '../../src/gp/gp.ts';
import { unfold } from '../../src/gp/hyper.ts';
import { arrange, fillKernels } from '../../src/gp/kernel.ts';
import { createObjective, warpedBy } from '../../src/gp/objective.ts';
import { paced } from '../../src/gp/pace.ts';
import { rangeOf } from '../../src/gp/warp.ts';
import { createTables, fillTables } from '../../src/gp/windows.ts';
import { evaluateSpectrum } from '../../src/spectrum/spectrum.ts';
import { rSquaredOf } from '../spectrum/planted.ts';
import { invertDense, named } from './oracle.ts';
import { formByTheLetter, noisyKernel, sequentialKernel } from './suffix-oracle.ts';
import { bentValues, readerOf, someMasks, somewhere } from './support.ts';

const CLOSE = 1e-10;
const BY_DIFFERENCES = 1e-5;
const pace = paced(undefined);

/** Whether a symmetric matrix, with this on its diagonal, is positive definite: whether elimination meets positive pivots alone. */
function isDefinite(matrix: readonly (readonly number[])[], jitter: number): boolean {
  const a = matrix.map((row, i) => row.map((v, j) => (i === j ? v + jitter : v)));
  for (let k = 0; k < a.length; k++) {
    if (!(a[k][k] > 0)) return false;
    for (let i = k + 1; i < a.length; i++) {
      const factor = a[i][k] / a[k][k];
      for (let j = k; j < a.length; j++) a[i][j] -= factor * a[k][j];
    }
  }
  return true;
}

describe('the kernel of endings', () => {
  it.each([5, 9, 35])('is that of the definition, of %i players', async (n) => {
    const masks = someMasks(n, 14, true);
    const theta = somewhere(n + 7, 2);
    const rows = arrange(masks, true);
    expect(rows).toMatchObject({ paired: false, units: masks.count });
    const hyper = unfold(theta, n, true);
    const [tables, matrix] = [createTables(n), new Float64Array(rows.size ** 2)];
    fillTables(hyper.c, hyper.q, tables);
    await fillKernels(rows, hyper, tables, [matrix], pace);
    // Of 35 players what endings add alone: the other kernel has 2³⁵ characters.
    const plain = new Float64Array(rows.size ** 2);
    await fillKernels(arrange(masks, true), { ...hyper, suffix: new Float64Array(2) }, tables, [plain], pace);
    const own = named(theta, n);
    for (let r = 0; r < masks.count; r++)
      for (let s = 0; s <= r; s++) {
        const [x, y] = [r, s].map((row) => Array.from({ length: n }, (_, i) => Number(isPresent(masks, row, i))));
        const apart = own.c.reduce((sum, c, i) => sum + (x[i] === y[i] ? 0 : c), 0);
        const endings =
          Math.exp(theta[n + 5]) * formByTheLetter(x, y, [0.6, 0.25]) + Math.exp(theta[n + 6]) * formByTheLetter(x, y, [0.2, 0.6]);
        const at = r * rows.size + s;
        expect(Math.abs(matrix[at] - plain[at] - Math.exp(-apart) * endings)).toBeLessThan(CLOSE);
      }
    if (n > 9) return;
    const want = noisyKernel(masks, theta);
    for (let r = 0; r < masks.count; r++)
      for (let s = 0; s <= r; s++) expect(Math.abs(matrix[r * rows.size + s] - want[r][s])).toBeLessThan(CLOSE * 20);
  });

  it('is positive semidefinite over all masks, each form by itself too, and at most 1', () => {
    const everyone = allMasks(7);
    const theta = somewhere(7 + 7, 5);
    expect(isDefinite(sequentialKernel(everyone, everyone, theta), 1e-9)).toBe(true);
    const rows = Array.from({ length: everyone.count }, (_, r) => Array.from({ length: 7 }, (_, i) => (r >> i) & 1));
    for (const form of [
      [0.6, 0.25],
      [0.2, 0.6],
    ] as const) {
      const matrix = rows.map((x) => rows.map((y) => formByTheLetter(x, y, form)));
      expect(isDefinite(matrix, 1e-9)).toBe(true);
      expect(isDefinite(matrix, -1e-3)).toBe(false);
      expect(Math.max(...matrix.flat())).toBeLessThan(1);
    }
  });
});

describe.each([true, false])('the objective with endings (warp: %s)', (warp) => {
  const n = 8;
  const masks = someMasks(n, 30, true);
  const range = rangeOf(bentValues(masks, 4));
  const theta = somewhere(n + (warp ? 9 : 7), 6);

  it('has the slopes that differences give', async () => {
    const objective = createObjective(arrange(masks, true), range);
    const gradient = new Float64Array(theta.length);
    await objective.value(theta);
    await objective.gradient(gradient);
    for (let i = 0; i < theta.length; i++) {
      const at = (step: number) => objective.value(theta.map((v, j) => (i === j ? v + step : v)));
      const slope = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
      expect(Math.abs(gradient[i] - slope)).toBeLessThan(BY_DIFFERENCES * (1 + Math.abs(slope)));
    }
    objective.release();
  });

  it('is the evidence of the dense kernel, and the prior of the amplitudes beside the others', async () => {
    const { inverse, logDeterminant } = invertDense(noisyKernel(masks, theta));
    const { g, logSlope } = warpedBy(range, theta, n, true);
    let want = 0.5 * logDeterminant - logSlope;
    for (let r = 0; r < g.length; r++) for (let s = 0; s < g.length; s++) want += 0.5 * g[r] * inverse[r][s] * g[s];
    const normal = (value: number, middle: number, width: number) => 0.5 * ((value - middle) / width) ** 2;
    want += normal(theta[0], 0.5 - Math.log(n), 0.6) + normal(theta[n + 1], -2, 0.7) + normal(theta[n + 2], -5.5, 2);
    want += normal(theta[n + 3], -1.8, 0.7) + normal(theta[n + 4], 1.2 * Math.log(n) - 6.6, 1);
    want += normal(theta[n + 5], -2.5, 3) + normal(theta[n + 6], -2.5, 3);
    if (warp) want += normal(theta[n + 7], 0, 1) + normal(theta[n + 8], 0, 1);
    for (let i = 1; i <= n; i++) want += Math.exp(-theta[i]) + theta[i];
    const objective = createObjective(arrange(masks, true), range);
    expect(Math.abs((await objective.value(theta)) - want)).toBeLessThan(1e-8 * Math.abs(want));
    objective.release();
  });
});

/** It is .04 at either number of masks. */
const BETTER = 0.02;

describe('gp of a function of words in order', () => {
  const n = 24;
  const truth = readerOf(n, 3);
  const fresh = pairedMasks(n, 1000, 99);
  const options = { seed: 1, sequential: true };

  it.each([128, 256])('explains it better from %i masks with endings than without', async (count) => {
    const masks = pairedMasks(n, count, 3);
    const values = truth(masks);
    const fit = await gp(masks, values, options);
    expect(fit.end?.suffix).toBe(true);
    const plain = await gp(masks, values, { seed: 1 });
    expect(plain.end).not.toHaveProperty('suffix');
    const of = ({ spectrum }: typeof fit) => rSquaredOf(evaluateSpectrum(spectrum, fresh), truth(fresh));
    expect(of(fit)).toBeGreaterThan(of(plain) + BETTER);
    const direct = rSquaredOf((await predictGp(masks, values, fresh, options)).means, truth(fresh));
    expect(direct).toBeGreaterThan(of(plain) + BETTER);
  });

  it('goes on from an earlier search, which says whether endings count', async () => {
    const half = pairedMasks(n, 192, 3);
    const { end } = await gp(half, truth(half), options);
    const masks = pairedMasks(n, 256, 3);
    const cold = await gp(masks, truth(masks), options);
    for (const start of [end, cold.end]) {
      const warm = await gp(masks, truth(masks), { ...options, start });
      expect(warm.end).toMatchObject({ suffix: true, rows: 256 });
      expect(rSquaredOf(evaluateSpectrum(warm.spectrum, fresh), evaluateSpectrum(cold.spectrum, fresh))).toBeGreaterThan(0.98);
    }
  });

  it('leaves a function as it is in which endings do not count, to the last bit', async () => {
    const masks = pairedMasks(12, 96, 3);
    const values = bentValues(masks, 5);
    const [told, untold] = [await gp(masks, values, options), await gp(masks, values, { seed: 1 })];
    expect(told.end).toEqual(untold.end);
    expect(told.spectrum).toEqual(untold.spectrum);
  });

  it('breathes, and stops where it is told', async () => {
    const masks = pairedMasks(n, 256, 3);
    const values = truth(masks);
    let breaths = 0;
    const breathe = async () => void breaths++;
    const fit = await gp(masks, values, { ...options, breathe });
    const all = breaths;
    const functionals = Array.from({ length: 200 }, (_, i) => ({ members: [i % n], byDegree: new Float64Array(5).fill(1) }));
    await fit.posterior?.variances(functionals, breathe);
    expect(breaths).toBeGreaterThan(all + 10);
    const stop = async () => {
      if (++breaths === all >> 1) throw new Error('aborted');
    };
    breaths = 0;
    await expect(gp(masks, values, { ...options, breathe: stop })).rejects.toThrow('aborted');
  });
});
