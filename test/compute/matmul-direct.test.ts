import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import { packPanels, panelIndex } from '../../src/compute/panels.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { erf } from '../../src/compute/reference/erf.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { erfBySimpson, NAIVE_ACTIVATIONS } from './activations.ts';
import { type Product, productCase, productOf } from './matmul-cases.ts';
import { excess, type Matrix, runKernel } from './support.ts';

/** Sums of at most 384 products of numbers near 1, each rounded to float32 (6e-8), and the activation's own error. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-12, relative: 1e-7 };
/** The polynomials for erf are good to 1.7e-7, tanh of a software adapter to about 3e-7; both are multiplied by at most |x|. */
const ACTIVATION = { absolute: 1e-6, relative: 1e-6 };

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu(), tiling: 'direct' });
});
afterAll(() => webgpu.destroy());

const PRODUCTS: readonly Product[] = [
  { rows: 1, K: 8, columns: 8 },
  { rows: 37, K: 8, columns: 24 },
  { rows: 37, K: 24, columns: 40, residual: true },
  { rows: 17, K: 8, columns: 48 },
  { rows: 7, K: 40, columns: 72, activation: ACTIVATIONS.gelu },
  { rows: 65, K: 384, columns: 8, activation: ACTIVATIONS.tanh },
  { rows: 9, K: 24, columns: 16, weightColumns: 40, weightColumn: 16, outputStride: 64, outputColumn: 24 },
  { rows: 37, K: 24, columns: 8, weightColumns: 8, outputStride: 24, outputColumn: 16, residual: true, activation: ACTIVATIONS.relu },
];

describe('matmul-direct', () => {
  it.each(PRODUCTS)('on $rows rows, K $K, $columns columns is the textbook product in WGSL and in its twin', async (product) => {
    const { given, want } = productCase(product, 5);
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  });

  it('gives a row the same bits whatever rows stand beside it, in WGSL and in its twin', async () => {
    const { given } = productCase({ rows: 37, K: 40, columns: 16 }, 6);
    for (const backend of [reference, webgpu]) {
      const all = await runKernel(backend, given);
      for (const row of [0, 5, 36]) {
        const input = { rows: 1, columns: 40, values: given.reads.input.values.slice(40 * row, 40 * (row + 1)) };
        const alone = await runKernel(backend, { ...given, reads: { ...given.reads, input }, rows: 1 });
        expect([...alone.subarray(0, 16)]).toEqual([...all.subarray(16 * row, 16 * (row + 1))]);
      }
    }
  });
});

/** x as the input of a product with the identity, so that the output is the activation of x itself. */
async function activated(backend: Backend, activation: number, xs: readonly number[]): Promise<Float32Array> {
  const rows = Math.ceil(xs.length / 8);
  const input: Matrix = { rows, columns: 8, values: Float32Array.from({ length: 8 * rows }, (_, i) => xs[i] ?? 0) };
  const identity: Matrix = { rows: 8, columns: 8, values: Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)) };
  const bias: Matrix = { rows: 1, columns: 8, values: new Float32Array(8) };
  const { given } = productOf({ rows, K: 8, columns: 8, activation }, input, identity, bias, null);
  return (await runKernel(backend, given)).subarray(0, xs.length);
}

describe('activations', () => {
  const edges = [
    0, 1e-30, 1e-6, 0.5, 0.9999999, 1, 1.0000001, 2, 3, 3.9999998, 4, 5, 6, 12.99, 13, 13.01, 15, 20, 87, 88, 88.8, 89, 1000, 1e12, 1e30,
  ];
  const xs = [...edges, ...Array.from({ length: 200 }, (_, i) => i / 30)].flatMap((x) => [x, -x]).map(Math.fround);

  it.each(Object.entries(ACTIVATIONS))('%s is right from 0 to ±1e30, past 13 and 88 where a bare tanh fails', async (_, kind) => {
    const want = xs.map(NAIVE_ACTIVATIONS[kind]).map(Math.fround);
    expect(excess(await activated(reference, kind, xs), want, 1e-12, 1e-6)).toBeLessThanOrEqual(1);
    expect(excess(await activated(webgpu, kind, xs), want, ACTIVATION.absolute, ACTIVATION.relative)).toBeLessThanOrEqual(1);
  });

  it('of NaN or infinity are never a plausible number', async () => {
    for (const kind of Object.values(ACTIVATIONS))
      for (const x of [Number.NaN, Number.POSITIVE_INFINITY])
        expect((await rejectedBy(activated(webgpu, kind, [1, x]))).code).toBe('non-finite');
  });

  it('of the reference rest on an erf that is right to 1e-13', () => {
    for (let x = -7; x <= 7; x += 0.037) expect(Math.abs(erf(x) - erfBySimpson(x))).toBeLessThan(1e-13);
    expect([erf(0), erf(40), erf(-40)]).toEqual([0, 1, -1]);
  });
});

describe('panels', () => {
  it('lay eight columns side by side, row after row, and lose no element', () => {
    const [K, N] = [16, 24];
    const matrix = Float32Array.from({ length: K * N }, (_, i) => i);
    const panels = packPanels(matrix, K, N);
    expect([...panels.subarray(0, 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...panels.subarray(8, 16)]).toEqual([24, 25, 26, 27, 28, 29, 30, 31]);
    expect([...panels.subarray(8 * K, 8 * K + 8)]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(panelIndex(K, 3, 17)).toBe(2 * K * 8 + 3 * 8 + 1);
    expect([...panels].sort((a, b) => a - b)).toEqual([...matrix]);
  });
});
