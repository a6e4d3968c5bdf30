import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { toHalf } from '../../src/compute/half.ts';
import { packPanels } from '../../src/compute/panels.ts';
import type { BufferSpec, Program, Step } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { TILINGS } from '../../src/compute/webgpu/shaders.ts';
import { halfBuffers } from '../../src/compute/webgpu/storage.ts';
import { createRandom } from '../../src/core/random.ts';
import { encoderProgram } from '../../src/model/encoder.ts';
import { rejectedBy } from '../model/support.ts';
import { bertSizes, randomTensors, sequences, type TinySizes, tinyModel } from '../model/tiny-encoder.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';

/** What a half means, from its definition. */
function meaning(h: number): number {
  const [sign, exponent, fraction] = [h & 0x8000 ? -1 : 1, (h >> 10) & 31, h & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
const half = (x: number) => toHalf(Float32Array.of(x))[0];

describe('a number in half precision', () => {
  it('is itself, for every half there is', () => {
    const all = Array.from({ length: 65536 }, (_, h) => h).filter((h) => !Number.isNaN(meaning(h)));
    expect([...toHalf(Float32Array.from(all, meaning))]).toEqual(all);
    expect(Number.isNaN(meaning(half(Number.NaN)))).toBe(true);
  });

  it('is the nearest half, and between two of them the even one, subnormal, normal and at the end of the range', () => {
    for (let h = 0; h < 0x7bff; h += 7) {
      const [low, high] = [meaning(h), meaning(h + 1)];
      const middle = (low + high) / 2;
      const step = (high - low) / 1024;
      expect([half(middle - step), half(middle), half(middle + step)], String(h)).toEqual([h, h % 2 ? h + 1 : h, h + 1]);
      expect(half(-middle - step)).toBe(0x8000 | (h + 1));
    }
    expect([65504, 65519.99, 65520, 1e30, -65520].map((x) => meaning(half(x)))).toEqual([65504, 65504, Infinity, Infinity, -Infinity]);
    expect([2 ** -25, 2 ** -25 * 1.001, 1e-30].map((x) => meaning(half(x)))).toEqual([0, 2 ** -24, 0]);
  });
});

const sizes: TinySizes = {
  layers: 2,
  width: 16,
  heads: 2,
  hidden: 24,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 2,
  vocabulary: 31,
  positions: 16,
};

describe('the buffers of an encoder that lie in half precision', () => {
  it('are matrices and what only products and attention touch, never what norms, residuals and the host do', () => {
    const program = encoderProgram(bertSizes(sizes), { tokens: 8, tableRows: 8, sequences: 8 });
    const names = [...halfBuffers(program, 'f16')];
    expect(names.filter((name) => !name.includes('.')).sort()).toEqual(
      ['absorbedMean', 'context', 'pooled', 'qkv', 'readContext', 'readQuery', 'readUp', 'tableQkv', 'up'].sort(),
    );
    const weights = program.buffers.filter((b) => b.kind === 'weight').map((b) => b.name);
    expect(names.filter((name) => name.includes('.') || name === 'pooler')).toEqual(weights.filter((name) => name.endsWith('.weight')));
    expect(halfBuffers(program, 'f32').size).toBe(0);
  });
});

const ROWS = 37;
/** Deep enough that no compiler unrolls the loop over it, which takes lavapipe's a long time. */
const K = 104;
/** Two products in a row, so that what is between them can lie in half precision. */
function chain(): Program {
  const buffer = (name: string, kind: BufferSpec['kind'], rows: BufferSpec['rows'], columns: number): BufferSpec => ({
    name,
    kind,
    type: kind === 'output' ? 'u32' : 'f32',
    rows,
    columns,
  });
  const product = (input: string, weight: string, output: string): Step => ({
    kernel: 'matmul',
    rows: 'sequences',
    bindings: { input, weight, bias: 'bias', output },
    constants: { K, ACTIVATION: 0, RESIDUAL: 0 },
    params: { columns: K, weightColumn: 0, outputStride: K, outputColumn: 0 },
  });
  return {
    buffers: [
      buffer('input', 'input', 'sequences', K),
      buffer('first', 'weight', K, K),
      buffer('second', 'weight', K, K),
      buffer('bias', 'weight', 1, K),
      buffer('between', 'scratch', 'sequences', K),
      buffer('result', 'scratch', 'sequences', K),
      buffer('output', 'output', 'sequences', K + 2),
    ],
    steps: [
      product('input', 'first', 'between'),
      product('between', 'second', 'result'),
      {
        kernel: 'finish',
        rows: 'sequences',
        bindings: { hidden: 'result', logits: 'result', output: 'output' },
        constants: { WIDTH: K, LABELS: K },
        params: { hiddenStride: K, logitStride: K },
      },
    ],
    capacity: { tokens: 0, tableRows: 0, sequences: ROWS },
  };
}

/** Whole numbers so small that every sum between the products is one that half precision holds. */
function wholeNumbers(seed: number) {
  const random = createRandom(seed);
  const some = (length: number, most: number) => Float32Array.from({ length }, () => random.below(2 * most + 1) - most);
  const weights = new Map([
    ['first', packPanels(some(K * K, 3), K, K)],
    ['second', packPanels(some(K * K, 3), K, K)],
    ['bias', some(K, 50)],
  ]);
  return { weights, input: some(ROWS * K, 3) };
}

const opened: Backend[] = [];
afterEach(() => {
  for (const backend of opened.splice(0)) backend.destroy();
});
const open = async (options: Parameters<typeof createWebgpuBackend>[0]) => {
  const backend = await createWebgpuBackend(options);
  opened.push(backend);
  return backend;
};
const runOn = async (backend: Backend, { weights, input }: ReturnType<typeof wholeNumbers>) => {
  const executable = await backend.prepare(chain(), weights);
  return executable.run({ input }, { tokens: 0, tableRows: 0, sequences: ROWS });
};

describe('half precision', () => {
  it('is refused by name on an adapter that has it not', async () => {
    const error = await rejectedBy(open({ gpu: softwareGpu(), dtype: 'f16' }));
    expect([error.code, error.message]).toEqual(['no-adapter', expect.stringMatching(/with shader-f16, got SwiftShader.* use dtype fp32/)]);
  });
});

describe.skipIf(!lavapipeFolder())(`half precision on lavapipe${NO_LAVAPIPE}`, () => {
  // The third tiling runs the encoder below.
  it.each(TILINGS.filter((tiling) => tiling !== '64x64'))(
    'gives the very numbers of a product whose weights and sums it holds, in tiles %s',
    async (tiling) => {
      const given = wholeNumbers(4);
      const want = await runOn(createReferenceBackend(), given);
      expect(Math.max(...want.map(Math.abs))).toBeGreaterThan(2048);
      expect([...(await runOn(await open({ gpu: lavapipeGpu(), tiling, dtype: 'f16' }), given))]).toEqual([...want]);
    },
  );

  it('makes an error of a sum that it cannot hold, never the largest number that it can', async () => {
    const backend = await open({ gpu: lavapipeGpu(), tiling: 'direct', dtype: 'f16' });
    const { weights, input } = wholeNumbers(5);
    const far = input.slice();
    far.fill(3000, 5 * K, 6 * K);
    weights.set('first', new Float32Array(K * K).fill(1));
    const error = await rejectedBy(runOn(backend, { weights, input: far }));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 5, got 208 /)]);
    weights.set('second', new Float32Array(K * K).fill(65505));
    const heavy = await rejectedBy(runOn(backend, { weights, input }));
    expect([heavy.code, heavy.message]).toEqual(['unsupported-model', expect.stringMatching(/up to 65504, got 65505 in second/)]);
  });

  it('runs a whole encoder within what rounding weights and activations to eleven bits explains', async () => {
    /** 2⁻¹¹ a rounding, some dozens of them on the way to logits of size 1. */
    const TOLERANCE = 1e-2;
    const random = createRandom(3);
    const asked = sequences(Array.from({ length: 20 }, () => Array.from({ length: 1 + random.below(12) }, () => random.below(31))));
    const tensors = randomTensors(sizes, 7);
    const logitsOn = async (backend: Backend) => (await tinyModel(backend, sizes, tensors)).classify(asked);
    const want = await logitsOn(createReferenceBackend());
    const got = await logitsOn(await open({ gpu: lavapipeGpu(), tiling: '64x64', dtype: 'f16' }));
    const off = Math.max(...got.map((x, i) => Math.abs(x - want[i])));
    expect(off).toBeLessThan(TOLERANCE);
    // It did lie in half precision: single is far nearer.
    expect(off).toBeGreaterThan(1e-5);
  });
});
