import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { ROTATE_SHAPES, rotateCase } from './decoder-cases.ts';
import { excess, runKernel } from './support.ts';

/** Two products and a sum of numbers near 1 in float32, after a norm of at most 64 numbers. */
const FLOAT32 = { absolute: 2e-6, relative: 2e-6 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

describe('rotate-heads', () => {
  it.each(ROTATE_SHAPES)(
    'of $heads heads of $size in $width on $rows rows, norm $norm, is the textbook rotation in WGSL and in its twin',
    async (shape) => {
      const { given, want } = rotateCase(shape);
      expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
      expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    },
  );

  it('makes the product of two heads depend on the distance of their positions alone', async () => {
    const { given } = rotateCase({ rows: 23, heads: 1, size: 16, width: 16, norm: false });
    // The same numbers in every row; positions are r · 7 mod 23, so all from 0 to 22 are there.
    for (let r = 1; r < 23; r++) given.reads.input.values.copyWithin(r * 24, 0, 24);
    const out = await runKernel(reference, given);
    const at = (p: number) => [...given.reads.position.values].indexOf(p) * 24 + 8;
    const product = (p: number, q: number) =>
      Array.from({ length: 16 }, (_, c) => out[at(p) + c] * out[at(q) + c]).reduce((a, b) => a + b, 0);
    // Both sides are rounded to float32 and are sums of 16 products.
    for (const [p, q] of [
      [5, 2],
      [22, 19],
      [3, 0],
    ])
      expect(product(p, q)).toBeCloseTo(product(13, 10), 5);
  });

  it('with a norm over numbers whose squares leave float32 is an error, never a plausible row', async () => {
    const error = await rejectedBy(runKernel(webgpu, rotateCase(ROTATE_SHAPES[2], 1e25).given));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 0, got/)]);
  });
});
