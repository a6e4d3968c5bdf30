import { describe, expect, it } from 'vitest';
import { logInfluencesOf, shiftsOf, unfold } from '../../src/gp/hyper.ts';
import { arrange, fillKernels } from '../../src/gp/kernel.ts';
import { createObjective, warpedBy } from '../../src/gp/objective.ts';
import { paced } from '../../src/gp/pace.ts';
import { rangeOf } from '../../src/gp/warp.ts';
import { createTables, fillTables } from '../../src/gp/windows.ts';
import { denseKernel, invertDense } from './oracle.ts';
import { bentValues, someMasks, somewhere } from './support.ts';

/** Sums of 2ⁿ products against closed forms in float64. */
const CLOSE = 1e-10;
/** Central differences with a step of 1e-5: rounding of the objective (1e-13 of some hundreds) over the step. */
const BY_DIFFERENCES = 1e-5;

const cases = [true, false].flatMap((paired) => [true, false].map((warp) => ({ paired, warp })));

describe('the kernel', () => {
  it('is the sum over all 2ⁿ characters with the variances of the hierarchical prior', async () => {
    const masks = someMasks(9, 14, false);
    const theta = somewhere(9 + 5, 2);
    const rows = arrange(masks);
    const hyper = unfold(theta, 9);
    const tables = createTables(9);
    fillTables(hyper.c, hyper.q, tables);
    const matrix = new Float64Array(rows.size ** 2);
    await fillKernels(rows, hyper, tables, [matrix], paced(undefined));
    const want = denseKernel(masks, theta);
    for (let r = 0; r < masks.count; r++)
      for (let s = 0; s <= r; s++) expect(Math.abs(matrix[r * rows.size + s] - want[r][s])).toBeLessThan(CLOSE * want[r][r]);
  });

  it('of complementary pairs falls apart into a matrix of even and one of odd frequencies', async () => {
    const masks = someMasks(6, 12, true);
    const rows = arrange(masks);
    expect(rows).toMatchObject({ paired: true, units: 6 });
    const theta = somewhere(6 + 5, 3);
    const hyper = unfold(theta, 6);
    const tables = createTables(6);
    fillTables(hyper.c, hyper.q, tables);
    const blocks = [new Float64Array(rows.size ** 2), new Float64Array(rows.size ** 2)];
    await fillKernels(rows, hyper, tables, blocks, paced(undefined));
    const dense = denseKernel(masks, theta);
    for (let p = 0; p < 6; p++)
      for (let q = 0; q <= p; q++) {
        const at = p * rows.size + q;
        expect(Math.abs(blocks[0][at] - (dense[2 * p][2 * q] + dense[2 * p][2 * q + 1]))).toBeLessThan(CLOSE * 20);
        expect(Math.abs(blocks[1][at] - (dense[2 * p][2 * q] - dense[2 * p][2 * q + 1]))).toBeLessThan(CLOSE * 20);
      }
  });
});

describe('the objective', () => {
  it.each(cases)('has the slopes that differences give (pairs: $paired, warp: $warp)', async ({ paired, warp }) => {
    const n = 11;
    const masks = someMasks(n, 40, paired);
    const shifts = somewhere(n, 7);
    const objective = createObjective(arrange(masks), rangeOf(bentValues(masks, 4)), undefined, shifts);
    const theta = somewhere(n + (warp ? 7 : 5), 6);
    // One influence at its bound, where it has no slope.
    theta[3] = 4;
    const gradient = new Float64Array(theta.length);
    await objective.value(theta);
    await objective.gradient(gradient);
    for (let i = 0; i < theta.length; i++) {
      const at = (step: number) => objective.value(theta.map((v, j) => (i === j ? v + step : v)));
      const slope = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
      expect(Math.abs(gradient[i] - slope)).toBeLessThan(BY_DIFFERENCES * (1 + Math.abs(slope)));
    }
  });

  it('moves the prior of each influence, and nothing else, where something is expected of players', async () => {
    const n = 7;
    const masks = someMasks(n, 20, true);
    const rows = [arrange(masks), rangeOf(bentValues(masks, 8))] as const;
    const theta = somewhere(n + 7, 9);
    const expected = Array.from({ length: n }, (_, i) => 0.3 * i - 0.9);
    const plain = await createObjective(...rows).value(theta);
    const moved = await createObjective(...rows, undefined, shiftsOf(expected, n)).value(theta);
    // c_i = exp(μ + m_i + τv_i) with v_i = u_i − m_i/τ, and v_i is what the Gumbel prior is of.
    const gumbel = (u: number) => u + Math.exp(-u);
    const want = expected.reduce((sum, m, i) => sum + gumbel(theta[1 + i] - m / 0.8) - gumbel(theta[1 + i]), 0);
    expect(moved - plain).toBeCloseTo(want, 9);
  });

  it('says of influences what it takes as expected, less their mean and up to where they end', () => {
    const theta = new Float64Array(4 + 5);
    theta.set([0.5, 0, 1, -1, 4]);
    const logs = [0.5, 0.5 + 0.8, 0.5 - 0.8, Math.log(6)];
    const mean = logs.reduce((a, b) => a + b) / 4;
    logInfluencesOf(theta, 4).forEach((v, i) => {
      expect(v).toBeCloseTo(logs[i] - mean, 12);
    });
  });

  it.each(cases)(
    'is the evidence of the dense kernel, the slope of the warp and the prior (pairs: $paired, warp: $warp)',
    async ({ paired, warp }) => {
      const n = 7;
      const masks = someMasks(n, 20, paired);
      const range = rangeOf(bentValues(masks, 8));
      const theta = somewhere(n + (warp ? 7 : 5), 9);
      const { inverse, logDeterminant } = invertDense(denseKernel(masks, theta));
      const { g } = warpedBy(range, theta, n);
      let want = 0.5 * logDeterminant;
      for (let r = 0; r < g.length; r++) for (let s = 0; s < g.length; s++) want += 0.5 * g[r] * inverse[r][s] * g[s];
      // ln dg/dy by differences: the warp as a function of one value, its ends, mean and spread held.
      const { ends, mean, sd } = warpedBy(range, theta, n).warp;
      const forward = (y: number) => ((ends ? Math.log((y - ends[0]) / (ends[1] - y)) : y) - mean) / sd;
      for (const y of range.values) want -= Math.log((forward(y + 1e-6) - forward(y - 1e-6)) / 2e-6);
      const normal = (value: number, middle: number, width: number) => 0.5 * ((value - middle) / width) ** 2;
      want += normal(theta[0], 0.5 - Math.log(n), 0.6) + normal(theta[n + 1], -2, 0.7) + normal(theta[n + 2], -5.5, 2);
      want += normal(theta[n + 3], -1.8, 0.7) + normal(theta[n + 4], 1.2 * Math.log(n) - 6.6, 1);
      if (warp) want += normal(theta[n + 5], 0, 1) + normal(theta[n + 6], 0, 1);
      for (let i = 1; i <= n; i++) want += Math.exp(-theta[i]) + theta[i];
      const got = await createObjective(arrange(masks), range).value(theta);
      expect(Math.abs(got - want)).toBeLessThan(1e-6 * Math.abs(want));
    },
  );

  it('is infinite, not an error, where the kernel is not positive definite', async () => {
    const masks = someMasks(5, 8, true);
    const doubled = { ...masks, count: 2 * masks.count, words: Uint32Array.from([...masks.words, ...masks.words]) };
    const values = bentValues(doubled, 1);
    const theta = somewhere(10, 1);
    theta[5 + 2] = -80;
    expect(await createObjective(arrange(doubled), rangeOf(values)).value(theta)).toBe(Number.POSITIVE_INFINITY);
  });
});
