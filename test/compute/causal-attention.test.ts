import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { ATTENTION_SHAPES, attentionCase } from './decoder-cases.ts';
import { excess, runKernel, whole } from './support.ts';

/** Scores of up to 64 products and sums of up to 150 weighted values, in float32; exp of a software adapter is good to 16 ulp. */
const FLOAT32 = { absolute: 2e-5, relative: 2e-5 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

describe('causal-attention', () => {
  it.each(ATTENTION_SHAPES)('over $what is the textbook softmax in WGSL and in its twin', async (shape) => {
    const { given, want } = attentionCase(shape);
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  });

  it('reads no key that is not on the path, and none behind the query', async () => {
    const { given } = attentionCase(ATTENTION_SHAPES[2]);
    const { keyValue } = given.reads;
    const values = keyValue.values.slice();
    // Rows 3 to 6 belong to the first path alone, behind its third row.
    values.fill(1e3, 3 * keyValue.columns, 7 * keyValue.columns);
    const changed = { ...given, reads: { ...given.reads, keyValue: { ...keyValue, values } } };
    for (const backend of [reference, webgpu]) {
      const [before, after] = [await runKernel(backend, given), await runKernel(backend, changed)];
      const row = given.outputColumns;
      expect([...after.subarray(0, 3 * row)]).toEqual([...before.subarray(0, 3 * row)]);
      expect([...after.subarray(7 * row)]).toEqual([...before.subarray(7 * row)]);
      expect([...after.subarray(3 * row, 7 * row)]).not.toEqual([...before.subarray(3 * row, 7 * row)]);
    }
  });

  it('of a row without keys is an error, never a plausible number', async () => {
    const { given } = attentionCase(ATTENTION_SHAPES[1]);
    const values = given.reads.ranges.values.slice();
    values[5] = values[4];
    const ranges = whole(given.rows, 2, [...values]);
    for (const backend of [reference, webgpu]) {
      const error = await rejectedBy(runKernel(backend, { ...given, reads: { ...given.reads, ranges } }));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 2, got/)]);
    }
  });
});
