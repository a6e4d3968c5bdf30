import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { FLOAT32, keysCase, ROUNDED_ONCE, SHAPES, withPacked } from './absorb-cases.ts';
import { excess, runKernel } from './support.ts';

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

describe('absorb-keys', () => {
  it.each(SHAPES)(
    'of $rows rows, $heads heads of $headWidth and a depth of $K is a head’s query times its columns of the weight, in WGSL and in its twin',
    async (shape) => {
      const { given, want } = keysCase(shape);
      expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
      expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    },
  );

  it('gives packed weights the bits that float32 weights have', async () => {
    const { packed, plain } = withPacked(keysCase(SHAPES[3]), 'q8');
    expect([...(await runKernel(webgpu, packed))]).toEqual([...(await runKernel(webgpu, plain))]);
  });
});
