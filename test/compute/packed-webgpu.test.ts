import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import { PACKED, type Packed } from '../../src/compute/packed.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import type { Tiling } from '../../src/compute/webgpu/shaders.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import type { Product } from './matmul-cases.ts';
import { packedProducts } from './packed-cases.ts';
import { runKernel } from './support.ts';

/** Three blocks of terms, two tiles high and one wide, every offset in use. */
const CROOKED: Product = {
  rows: 70,
  K: 96,
  columns: 72,
  residual: true,
  activation: ACTIVATIONS.relu,
  weightColumns: 104,
  weightColumn: 24,
  outputStride: 88,
  outputColumn: 8,
};

const open: Backend[] = [];
afterAll(() => {
  for (const backend of open) backend.destroy();
});

async function claim(gpu: GPU, tiling: Tiling, types: readonly Packed[]): Promise<void> {
  const webgpu = await createWebgpuBackend({ gpu, tiling });
  open.push(webgpu);
  for (const type of types) {
    const { packed, plain } = packedProducts(type, CROOKED, 11);
    expect(await runKernel(webgpu, packed), type).toEqual(await runKernel(webgpu, plain));
  }
}

describe('packed weights in WGSL', () => {
  it('give products the bits that float32 weights do, without barriers', () => claim(softwareGpu(), 'direct', PACKED));
});

// Every pipeline takes seconds to compile: the tilings read weights by the same functions.
describe.skipIf(!lavapipeFolder())(`packed weights in WGSL on lavapipe${NO_LAVAPIPE}`, () => {
  it.each([
    ['64x64', ['f16', 'q4']],
    ['128x64', ['q8']],
  ] as const)('give products the bits that float32 weights do, by tiles of %s', (tiling, types) => claim(lavapipeGpu(), tiling, types));
});
