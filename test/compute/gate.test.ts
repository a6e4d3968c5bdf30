import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { GATED, gateCase, SHAPES, withGates } from './gate-cases.ts';
import { excess, placed, runKernel } from './support.ts';

/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

describe('gate', () => {
  it.each(SHAPES)('on %i rows of %i sequences, %i groups of %i, is its formula in WGSL and in its twin', async (...shape) => {
    const { given, want } = gateCase(...shape);
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, GATED.absolute, GATED.relative)).toBeLessThanOrEqual(1);
  });

  it('of 1 leaves the input as it is, and of 0 puts the mean in its place, bit for bit', async () => {
    const made = gateCase(5, 2, 3, 8, false);
    const { input, mean } = made.given.reads;
    const { columns, inputStride, outputColumn, meanColumn } = made.given.params;
    const rows = (of: (r: number, c: number) => number) =>
      placed(
        made.given,
        Array.from({ length: 5 }, (_, r) => Array.from({ length: columns }, (_, c) => of(r, c))),
        outputColumn,
      );
    for (const backend of [reference, webgpu]) {
      expect([...(await runKernel(backend, withGates(made, 1)))]).toEqual(rows((r, c) => input.values[r * inputStride + c]));
      expect([...(await runKernel(backend, withGates(made, 0)))]).toEqual(rows((_, c) => mean.values[meanColumn + c]));
    }
  });

  it('of 0 hides neither NaN nor infinity', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const given = withGates(gateCase(5, 2, 3, 8, true), 0);
      given.reads.input.values[given.params.inputStride * 3 + 2] = bad;
      for (const backend of [reference, webgpu]) {
        const error = await rejectedBy(runKernel(backend, given));
        expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 3, got/)]);
      }
    }
  });
});
