import { describe, expect, it } from 'vitest';
import { ACTIVATIONS, type Activation } from '../../../src/compute/kernels.ts';
import { createRandom } from '../../../src/core/random.ts';
import { rejectedBy } from '../../model/support.ts';
import { type Product, productCase, productOf } from '../matmul-cases.ts';
import { excess, normals, runKernel } from '../support.ts';
import { BUILDS, beyond, bothBuilds } from './support.ts';

/** Sums of up to 1,544 products that add up to about 1, each rounded to float32 (6e-8), and the activation's own error. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
const builds = bothBuilds();

/** Rows on either side of tiles of 2 and 6 and a block of 126, columns on either side of a tile of 16, K on either side of a block of 512. */
const PRODUCTS: readonly Product[] = [
  { rows: 1, K: 8, columns: 8 },
  { rows: 1, K: 384, columns: 48 },
  { rows: 2, K: 24, columns: 16 },
  { rows: 3, K: 40, columns: 24 },
  { rows: 5, K: 16, columns: 8, residual: true },
  { rows: 6, K: 48, columns: 32, residual: true, activation: ACTIVATIONS.gelu },
  { rows: 37, K: 504, columns: 40 },
  { rows: 37, K: 512, columns: 40, activation: ACTIVATIONS.gelu },
  { rows: 38, K: 520, columns: 56, residual: true },
  { rows: 127, K: 1544, columns: 24, residual: true, activation: ACTIVATIONS.relu },
  { rows: 257, K: 64, columns: 72 },
  { rows: 130, K: 40, columns: 72, residual: true, weightColumns: 104, weightColumn: 24, outputStride: 88, outputColumn: 8 },
  { rows: 3, K: 1032, columns: 8, weightColumns: 24, weightColumn: 8, outputStride: 40, outputColumn: 24 },
];

describe('matmul in WASM', () => {
  it.each(PRODUCTS)('on $rows rows, K $K, $columns columns is its twin’s product, in both builds', async (product) => {
    expect(await beyond(builds, productCase(product, 5).given, FLOAT32)).toEqual([]);
  });

  // Errors are relative to float32's step at the result, but for what 1 + erf and 1 + tanh cancel near 0.
  it.each([
    ['gelu', 3e-7, 2e-7],
    ['gelu-tanh', 4e-7, 2e-7],
    ['relu', 0, 0],
    ['tanh', 3e-7, 0],
  ] as const)('applies %s to within %f + %f of its size, from −20 to 20 and at the ends of float32', async (name, absolute, relative) => {
    const at = (i: number) => (i < 1600 ? (i - 800) / 40 : [1e-30, -1e-30, 1e10, -1e10, 3e38, -3e38, 0, -0][i % 8]);
    const input = { rows: 201, columns: 8, values: Float32Array.from({ length: 1608 }, (_, i) => at(i)) };
    const identity = { rows: 8, columns: 8, values: Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)) };
    const bias = { rows: 1, columns: 8, values: new Float32Array(8) };
    const product = { rows: 201, K: 8, columns: 8, activation: ACTIVATIONS[name as Activation] };
    const { given, want } = productOf(product, input, identity, bias, null);
    for (const backend of builds.values())
      expect(excess(await runKernel(backend, given), want, absolute + 1e-30, relative)).toBeLessThanOrEqual(1);
  });

  it.each(BUILDS)('gives a row the same bits alone, in another place and beside other rows (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const product = { rows: 131, K: 520, columns: 40, activation: ACTIVATIONS.gelu };
    const [weight, bias] = [normals(createRandom(2), 520, 40), normals(createRandom(3), 1, 40)];
    const input = normals(createRandom(1), 131, 520);
    const all = await runKernel(backend, productOf(product, input, weight, bias, null).given);
    for (const r of [0, 5, 6, 125, 126, 127, 129, 130]) {
      const row = { rows: 1, columns: 520, values: input.values.slice(r * 520, (r + 1) * 520) };
      const alone = await runKernel(backend, productOf({ ...product, rows: 1 }, row, weight, bias, null).given);
      expect([...alone.subarray(0, 40)]).toEqual([...all.subarray(r * 40, (r + 1) * 40)]);
    }
  });

  it.each(BUILDS)('carries a NaN of its input through every activation into the row it belongs to (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    for (const activation of Object.values(ACTIVATIONS)) {
      const { given } = productCase({ rows: 37, K: 8, columns: 24, activation }, 7);
      const values = given.reads.input.values.slice();
      values[8 * 20 + 3] = Number.NaN;
      const error = await rejectedBy(runKernel(backend, { ...given, reads: { ...given.reads, input: { ...given.reads.input, values } } }));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 20, got 48 /)]);
    }
  });
});
