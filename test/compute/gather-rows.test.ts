import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { softwareGpu } from '../support/gpu.ts';
import { type KernelCase, normals, placed, runKernel, whole } from './support.ts';

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

/**
 * [rows out, rows in, columns copied, input stride, output stride, first column in, first column out]: one row, ragged counts, more than the
 * 256 columns of a workgroup.
 */
const SHAPES = [
  [1, 1, 8, 8, 8, 0, 0],
  [37, 5, 24, 40, 32, 16, 8],
  [3, 37, 264, 264, 272, 0, 8],
  [130, 2, 8, 16, 8, 4, 0],
] as const;

describe('gather-rows', () => {
  it.each(SHAPES)(
    'copies to %i rows, from %i, %i columns of strides %i and %i, from column %i to column %i, bit for bit',
    async (rows, from, columns, inputStride, outputStride, inputColumn, outputColumn) => {
      const random = createRandom(rows);
      const input = normals(random, from, inputStride);
      // The first and the last row among them, some twice, some never.
      const index = Array.from({ length: rows }, (_, r) => (r === 0 ? from - 1 : r === 1 ? 0 : random.below(from)));
      const given: KernelCase = {
        kernel: 'gather-rows',
        reads: { input, index: whole(rows, 1, index) },
        constants: {},
        params: { columns, inputStride, outputStride, inputColumn, outputColumn },
        rows,
        outputColumns: outputStride,
      };
      const want = index.map((i) => Array.from({ length: columns }, (_, c) => input.values[i * inputStride + inputColumn + c]));
      for (const backend of [reference, webgpu]) expect([...(await runKernel(backend, given))]).toEqual(placed(given, want, outputColumn));
    },
  );
});
