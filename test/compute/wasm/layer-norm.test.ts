import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { type KernelCase, normals } from '../support.ts';
import { beyond, bothBuilds } from './support.ts';

/** Means and variances of up to 768 numbers of size 1, in float32. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
const builds = bothBuilds();

function normCase(rows: number, width: number, stride: number, offset = 0): KernelCase {
  const random = createRandom(width);
  const input = normals(random, rows, stride);
  // What lies in the padding is no part of a row.
  for (let i = 0; i < input.values.length; i++) input.values[i] = i % stride < width ? input.values[i] + offset : 77;
  return {
    kernel: 'layer-norm',
    reads: { input, gamma: normals(random, 1, stride), beta: normals(random, 1, stride) },
    constants: { WIDTH: width, STRIDE: stride, EPSILON: 1e-12 },
    params: {},
    rows,
    outputColumns: stride,
  };
}

describe('layer-norm in WASM', () => {
  it.each([
    [1, 8, 8],
    [37, 5, 8],
    [3, 20, 24],
    [2, 23, 24],
    [37, 384, 384],
    [2, 768, 768],
  ])('of %i rows, %i of %i columns, is its twin’s, in both builds', async (rows, width, stride) => {
    expect(await beyond(builds, normCase(rows, width, stride), FLOAT32)).toEqual([]);
  });

  it('keeps the variance of numbers with a large mean, which a single pass would lose', async () => {
    // At 1,000 float32 is good to 6e-5, which is all that is left of numbers of size 1.
    expect(await beyond(builds, normCase(3, 384, 384, 1000), { absolute: 1e-3, relative: 1e-3 })).toEqual([]);
  });
});
