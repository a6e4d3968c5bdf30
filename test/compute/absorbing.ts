import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { ABSORBING, FLOAT32, ROUNDED_ONCE, SHAPES, withPacked } from './absorb-cases.ts';
import { excess, runKernel } from './support.ts';

/** What either kernel must do in WGSL and in its twin. */
export function testAbsorbing(kernel: keyof typeof ABSORBING): void {
  const { caseOf, is } = ABSORBING[kernel];
  let webgpu: Backend;
  const reference = createReferenceBackend();
  beforeAll(async () => {
    webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  });
  afterAll(() => webgpu.destroy());

  describe(kernel, () => {
    it.each(SHAPES)(`of $rows rows, $heads heads of $headWidth and a depth of $K is ${is}, in WGSL and in its twin`, async (shape) => {
      const { given, want } = caseOf(shape);
      expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
      expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    });

    it('gives packed weights the bits that float32 weights have', async () => {
      const { packed, plain } = withPacked(caseOf(SHAPES[3]), 'q8');
      expect([...(await runKernel(webgpu, packed))]).toEqual([...(await runKernel(webgpu, plain))]);
    });
  });
}
