import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { rmsNormCase } from './decoder-cases.ts';
import { excess, runKernel } from './support.ts';

/** Sums of at most 576 squares in float32, an inverse root good to 2 ulp. */
const FLOAT32 = { absolute: 5e-6, relative: 5e-6 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

/** What is claimed of the kernel on a device, whoever owns a row. */
export function describeRmsNorm(name: string, open: () => Promise<Backend>): void {
  let webgpu: Backend;
  const reference = createReferenceBackend();

  describe(name, () => {
    beforeAll(async () => {
      webgpu = await open();
    });
    afterAll(() => webgpu.destroy());

    it.each([
      [1, 8, 8, 1],
      [37, 20, 24, 1],
      [66, 576, 576, 1],
      [3, 5, 8, 1e-4],
    ])('on %i rows, %i of %i columns of size %f, is the textbook norm in WGSL and in its twin', async (rows, width, stride, scale) => {
      const { given, want } = rmsNormCase(rows, width, stride, 1e-5, scale);
      expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
      expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    });

    it('of numbers whose squares leave float32 is an error, never a plausible row', async () => {
      const { given } = rmsNormCase(2, 8, 8, 1e-5);
      given.reads.input.values.fill(1e25, 8, 12);
      const error = await rejectedBy(runKernel(webgpu, given));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 1, got/)]);
      // In float64 they are ordinary numbers.
      expect((await runKernel(reference, given)).every(Number.isFinite)).toBe(true);
    });
  });
}
