import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import { PACKED, type Packed } from '../../src/compute/packed.ts';
import type { Program, Weights } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import type { Tiling } from '../../src/compute/webgpu/shaders.ts';
import { halfBuffers } from '../../src/compute/webgpu/storage.ts';
import { gather } from '../../src/model/steps.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import type { Product } from './matmul-cases.ts';
import { packedMatrix, packedProducts } from './packed-cases.ts';
import { excess, productProgram, runKernel } from './support.ts';

/** Inputs rounded to eleven binary digits, 32 products of about 0.3 a sum. */
const HALF = 2e-3;
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

/** logits = rows of the input that the index names, times a weight of eight bits. */
function gathered(rows: number): Program {
  const base = productProgram(rows);
  const [, , bias, result, output] = base.buffers;
  const [product, finish] = base.steps;
  return {
    ...base,
    buffers: [
      { name: 'input', kind: 'input', type: 'f32', rows: 'sequences', columns: 32 },
      { name: 'index', kind: 'input', type: 'u32', rows: 'sequences', columns: 1 },
      { name: 'gathered', kind: 'scratch', type: 'f32', rows: 'sequences', columns: 32 },
      { name: 'weight', kind: 'weight', type: 'q8', rows: 32, columns: 8 },
      ...[bias, result, output],
    ],
    steps: [
      gather('sequences', 'input', 'index', 'gathered', 32),
      { ...product, bindings: { ...product.bindings, input: 'gathered' }, constants: { ...product.constants, K: 32 } },
      finish,
    ],
  };
}

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

  it('are read as they are beside inputs in half precision', async () => {
    const webgpu = await createWebgpuBackend({ gpu: lavapipeGpu(), tiling: 'direct', dtype: 'f16' });
    open.push(webgpu);
    const { words } = packedMatrix('q8', 32, 8, 11);
    const weights: Weights = new Map<string, Float32Array | Uint32Array>([
      ['weight', words],
      ['bias', new Float32Array(8)],
    ]);
    // Rows go through scratch that a gather writes and a product reads, which lies in half precision.
    const input = Float32Array.from({ length: 5 * 32 }, (_, i) => Math.sin(i));
    const run = async (backend: Backend) => {
      const executable = await backend.prepare(gathered(5), weights);
      return executable.run({ input, index: Uint32Array.from([4, 0, 1, 2, 3]) }, { tokens: 0, tableRows: 0, sequences: 5 });
    };
    const [got, want] = [await run(webgpu), await run(createReferenceBackend())];
    expect(halfBuffers(gathered(5), 'f16')).toEqual(new Set(['gathered']));
    expect(excess(got, want, HALF, HALF)).toBeLessThanOrEqual(1);
  });
});
