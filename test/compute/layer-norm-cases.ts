import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { rejectedBy } from '../model/support.ts';
import { excess, type KernelCase, type Matrix, normals, placed, runKernel } from './support.ts';

/** Sums of at most 384 float32 numbers, an inverse root good to 2 ulp. */
const FLOAT32 = { absolute: 5e-6, relative: 5e-6 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

/** Rows of WIDTH numbers padded with zeros to STRIDE. */
function padded(rows: number, width: number, stride: number, of: (r: number, c: number) => number): Matrix {
  return {
    rows,
    columns: stride,
    values: Float32Array.from({ length: rows * stride }, (_, i) => (i % stride < width ? of(Math.floor(i / stride), i % stride) : 0)),
  };
}

function normCase(rows: number, width: number, stride: number, epsilon: number, input: Matrix): { given: KernelCase; want: number[] } {
  const random = createRandom(width);
  const gamma = normals(random, 1, stride);
  const beta = normals(random, 1, stride);
  const given: KernelCase = {
    kernel: 'layer-norm',
    reads: { input, gamma, beta },
    constants: { WIDTH: width, STRIDE: stride, EPSILON: epsilon },
    params: {},
    rows,
    outputColumns: stride,
  };
  const want = Array.from({ length: rows }, (_, r) => {
    const x = [...input.values.subarray(r * stride, r * stride + width)];
    const mean = x.reduce((a, b) => a + b, 0) / width;
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    return x.map((v, c) => ((v - mean) / Math.sqrt(variance + epsilon)) * gamma.values[c] + beta.values[c]);
  });
  return { given, want: placed(given, want) };
}

/** What is claimed of a layer norm in WGSL, whatever owns its rows. */
export function describeLayerNorm(stem: string, open: () => Promise<Backend>): void {
  const reference = createReferenceBackend();
  let webgpu: Backend;
  const check = async (given: KernelCase, want: number[], float32 = FLOAT32) => {
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, float32.absolute, float32.relative)).toBeLessThanOrEqual(1);
  };

  describe(stem, () => {
    beforeAll(async () => {
      webgpu = await open();
    });
    afterAll(() => webgpu.destroy());

    it.each([
      [1, 8, 8, 1e-12],
      [37, 20, 24, 1e-5],
      [65, 384, 384, 1e-12],
      [37, 1, 8, 1e-5],
    ])(
      'on %i rows of %i columns in %i with ε %f is the textbook norm in WGSL and in its twin, padding 0',
      async (rows, width, stride, epsilon) => {
        const random = createRandom(3);
        const { given, want } = normCase(
          rows,
          width,
          stride,
          epsilon,
          padded(rows, width, stride, () => random.normal()),
        );
        await check(given, want);
      },
    );

    it('keeps the variance of numbers far from 0', async () => {
      const random = createRandom(4);
      const { given, want } = normCase(
        5,
        64,
        64,
        1e-12,
        padded(5, 64, 64, () => 1000 + random.normal()),
      );
      // The inputs themselves are rounded alike on both sides; their mean to float32 is off by up to 1000 · 6e-8 of a spread of 1.
      await check(given, want, { absolute: 5e-4, relative: 1e-5 });
    });

    it('of a row of equal numbers is its beta, and of tiny numbers rests on ε', async () => {
      const { given, want } = normCase(
        3,
        64,
        64,
        1e-12,
        padded(3, 64, 64, (r) => [0, -2, 1e-20][r]),
      );
      await check(given, want);
    });

    it('of numbers whose squares leave float32 is an error, never a plausible row', async () => {
      const { given } = normCase(
        2,
        8,
        8,
        1e-12,
        padded(2, 8, 8, (r, c) => (r === 1 ? 1e25 * (c - 3) : c)),
      );
      const error = await rejectedBy(runKernel(webgpu, given));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 1, got/)]);
      // In float64 they are ordinary numbers.
      expect((await runKernel(reference, given)).every(Number.isFinite)).toBe(true);
    });
  });
}
