import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { applyWarp, expectValue, rangeOf, standardise, unwarp, unwarpSlope } from '../../src/gp/warp.ts';

/** Float64 through a logarithm and back. */
const CLOSE = 1e-9;
/** The 9-point rule is exact to degree 17; what a logistic has beyond is small where its latent spreads by less than 1. */
const RULE = 1e-4;

const random = createRandom(1);
const range = rangeOf(Float64Array.from({ length: 50 }, () => 3 + 2 * Math.tanh(random.normal())));
const warps = [standardise(range), applyWarp(range, -1, 0.5)];

describe('the warp', () => {
  it.each([0, 1])('gives values of mean 0 and variance 1 and takes them back (%i)', (w) => {
    const { g, warp } = warps[w];
    expect(Math.abs(g.reduce((a, b) => a + b, 0))).toBeLessThan(CLOSE * 50);
    expect(Math.abs(g.reduce((a, b) => a + b * b, 0) - 50)).toBeLessThan(CLOSE * 50);
    for (const [r, v] of range.values.entries()) expect(Math.abs(unwarp(warp, g[r]) - v)).toBeLessThan(CLOSE);
  });

  it.each([0, 1])('has the slope that differences give (%i)', (w) => {
    const { warp } = warps[w];
    for (const g of [-2, 0, 1.5])
      expect(Math.abs(unwarpSlope(warp, g) - (unwarp(warp, g + 1e-5) - unwarp(warp, g - 1e-5)) / 2e-5)).toBeLessThan(1e-8);
  });

  it.each([0, 1])('gives mean and variance of a normal latent as a fine sum does (%i)', (w) => {
    const { warp } = warps[w];
    const [mean, variance] = [0.7, 0.4];
    let [mass, first, second] = [0, 0, 0];
    for (let x = -8; x <= 8; x += 1e-3) {
      const p = Math.exp(-0.5 * x * x);
      const y = unwarp(warp, mean + Math.sqrt(variance) * x);
      mass += p;
      first += p * y;
      second += p * y * y;
    }
    const got = expectValue(warp, mean, variance);
    expect(Math.abs(got.mean - first / mass)).toBeLessThan(RULE);
    expect(Math.abs(got.variance - (second / mass - (first / mass) ** 2))).toBeLessThan(RULE);
  });
});
