import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import type { Tiling } from '../../src/compute/webgpu/shaders.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import { type Product, productCase } from './matmul-cases.ts';
import { excess, runKernel } from './support.ts';

/** Sums of at most 72 products of numbers near 1, each rounded to float32 (6e-8), and the activation's own error. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-12, relative: 1e-7 };

/** More than two tiles high and one wide, K not a multiple of a step, every offset in use. */
export const CROOKED: Product = {
  rows: 300,
  K: 40,
  columns: 72,
  residual: true,
  activation: ACTIVATIONS.gelu,
  weightColumns: 104,
  weightColumn: 24,
  outputStride: 88,
  outputColumn: 8,
};

/** Rows and columns on either side of a tile, K on either side of a step of 16. */
const PRODUCTS: readonly Product[] = [
  { rows: 1, K: 8, columns: 8 },
  { rows: 37, K: 8, columns: 72 },
  { rows: 65, K: 8, columns: 64 },
  { rows: 129, K: 8, columns: 56 },
  { rows: 37, K: 40, columns: 40, residual: true, activation: ACTIVATIONS.gelu },
  { rows: 128, K: 8, columns: 128 },
];

/** What is claimed of a tiling through workgroup memory: everything on lavapipe, a little on SwiftShader, which compiles barriers slowly. */
export function describeTiling(tiling: Tiling): void {
  const reference = createReferenceBackend();
  let webgpu: Backend;
  afterAll(() => webgpu?.destroy());
  const claim = async (product: Product) => {
    const { given, want } = productCase(product, 5);
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  };

  describe(`matmul-${tiling}`, () => {
    beforeAll(async () => {
      webgpu = await createWebgpuBackend({ gpu: softwareGpu(), tiling });
    });

    it('is the textbook product in WGSL and in its twin, of crooked sizes', () => claim(CROOKED));

    it('carries a NaN of its input into the row it belongs to', async () => {
      const { given } = productCase({ rows: 37, K: 8, columns: 8 }, 7);
      const values = given.reads.input.values.slice();
      values[8 * 20 + 3] = Number.NaN;
      const error = await rejectedBy(runKernel(webgpu, { ...given, reads: { ...given.reads, input: { ...given.reads.input, values } } }));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 20, got 16 /)]);
    });
  });

  describe.skipIf(!lavapipeFolder())(`matmul-${tiling} on lavapipe${NO_LAVAPIPE}`, () => {
    beforeAll(async () => {
      webgpu.destroy();
      webgpu = await createWebgpuBackend({ gpu: lavapipeGpu(), tiling });
    });

    it.each([...PRODUCTS, CROOKED])('on $rows rows, K $K, $columns columns is the textbook product in WGSL and in its twin', claim);
  });
}
