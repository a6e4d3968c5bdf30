import { describe, expect, it } from 'vitest';
import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import { PACKED } from '../../src/compute/packed.ts';
import { checkProgram } from '../../src/compute/program.ts';
import { thrownBy } from '../model/support.ts';
import type { Product } from './matmul-cases.ts';
import { expandsTo, packedMatrix, packedProducts } from './packed-cases.ts';
import { productProgram, runKernel } from './support.ts';
import { BUILDS, bothBuilds, reference } from './wasm/support.ts';

/** Rows on either side of tiles and of a block of them, K on either side of a block of 512, columns on either side of a tile of 16, an offset. */
const PRODUCTS: readonly Product[] = [
  { rows: 1, K: 32, columns: 8 },
  { rows: 7, K: 64, columns: 24, residual: true },
  { rows: 37, K: 544, columns: 40, activation: ACTIVATIONS.gelu },
  { rows: 131, K: 1088, columns: 16 },
  { rows: 9, K: 1120, columns: 8 },
  { rows: 13, K: 96, columns: 40, weightColumns: 72, weightColumn: 24, outputStride: 48, outputColumn: 8 },
];

describe.each(PACKED)('weights packed as %s', (type) => {
  const builds = bothBuilds();

  it('stand for the float32 they were made of, every one', () => {
    expect(expandsTo(type, 96, 24, 3)).toBe(true);
  });

  it.each(BUILDS)('give products the bits that float32 weights do, in WASM (%s) and in the reference', async (build) => {
    for (const product of PRODUCTS) {
      const { packed, plain } = packedProducts(type, product, 11);
      const backend = builds.get(build);
      if (!backend) return expect.unreachable();
      expect(await runKernel(backend, packed)).toEqual(await runKernel(backend, plain));
      expect(await runKernel(reference, packed)).toEqual(await runKernel(reference, plain));
    }
  });

  it('are refused where a buffer is not the weight of a product, or of another size', () => {
    const { words } = packedMatrix(type, 32, 8, 1);
    const base = productProgram(1);
    const buffers = base.buffers.map((b) => (b.name === 'bias' ? { ...b, type, rows: 32 } : b));
    const weights = new Map<string, Float32Array | Uint32Array>([
      ['weight', new Float32Array(64)],
      ['bias', words],
    ]);
    const error = thrownBy(() => checkProgram({ ...base, buffers }, weights));
    expect([error.code, error.message]).toEqual(['self-check', expect.stringMatching(new RegExp(`read bias as f32, got ${type}`))]);
    const short = base.buffers.map((b) => (b.name === 'weight' ? { ...b, type, rows: 32 } : b));
    const other = new Map<string, Float32Array | Uint32Array>([
      ['weight', words.subarray(1)],
      ['bias', new Float32Array(8)],
    ]);
    expect(thrownBy(() => checkProgram({ ...base, buffers: short }, other)).message).toMatch(/weight weight of \d+ numbers, got \d+/);
  });
});
