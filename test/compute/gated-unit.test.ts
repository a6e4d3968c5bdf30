import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { gatedCase } from './decoder-cases.ts';
import { excess, runKernel } from './support.ts';

/** exp of a software adapter is good to 16 ulp, the gate and up are of size 3. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

describe('gated-unit', () => {
  it.each([
    [1, 8, 'silu'],
    [3, 264, 'silu'],
    [9, 24, 'gelu-tanh'],
  ] as const)('on %i rows of %i columns is %s of the gate times up in WGSL and in its twin', async (rows, columns, activation) => {
    const { given, want } = gatedCase(rows, columns, ACTIVATIONS[activation]);
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  });

  it('of a gate far below 0 is 0, and far above it the gate itself', async () => {
    const { given } = gatedCase(1, 8, ACTIVATIONS.silu);
    given.reads.input.values.set([-1e4, -200, -90, 90, 200, 1e4, 0, -0], 0);
    given.reads.input.values.fill(1, 8, 16);
    for (const backend of [reference, webgpu]) {
      const out = [...(await runKernel(backend, given)).subarray(0, 8)];
      out.slice(0, 3).forEach((v) => {
        // e^80 is 5e34: what is left of 1e4 is beyond any digit that counts.
        expect(Math.abs(v)).toBeLessThan(1e-30);
      });
      expect(out.slice(3).map(Math.abs)).toEqual([90, 200, 1e4, 0, 0]);
    }
  });
});
