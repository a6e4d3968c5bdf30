import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createRowTransform, transformPasses, transformRows } from '../../src/compute/transform.ts';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { parity } from '../../src/core/bits.ts';
import { createRandom } from '../../src/core/random.ts';
import { plainFwht } from '../../src/spectrum/fwht.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';

/** float32 sums of up to 2^17 numbers in 17 stages, relative to the largest. */
const FLOAT32 = 2e-6;
/** Rows of the sizes that fill no tile: one, and many of them. */
const rowsOf = (bits: number) => (bits <= 9 ? [1, 37] : bits <= 12 ? [1, 3] : [1]);
const BITS = Array.from({ length: 15 }, (_, bits) => bits);

async function transformed(backend: Backend, size: number, data: Float32Array): Promise<Float32Array> {
  const transform = await createRowTransform(backend, size, data.length / size);
  try {
    return await transform.run(data);
  } finally {
    transform.destroy();
  }
}

const numbers = (count: number, seed: number) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** One stage after the other, each sum rounded to float32: the order that all backends keep. */
function radix2(data: Float32Array, size: number): Float32Array {
  const out = data.slice();
  for (let h = 1; h < size; h *= 2)
    for (let i = 0; i < out.length; i++) {
      if (i & h) continue;
      const [a, b] = [out[i], out[i + h]];
      out[i] = a + b;
      out[i + h] = a - b;
    }
  return out;
}

const reference = createReferenceBackend();
let wasm: Backend;
let webgpu: Backend;
let lavapipe: Backend | null = null;
beforeAll(async () => {
  wasm = await createWasmBackend({ threads: 1 });
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  if (lavapipeFolder()) lavapipe = await createWebgpuBackend({ gpu: lavapipeGpu(), tiling: '64x64' });
});
afterAll(() => {
  for (const backend of [wasm, webgpu, lavapipe]) backend?.destroy();
});

describe('a transform of rows', () => {
  it.each(BITS.flatMap((bits) => rowsOf(bits).map((rows) => [bits, rows])))(
    `of 2^%i numbers, %i of them, has the bits of radix 2 in float32 in WASM and on SwiftShader${NO_LAVAPIPE || ' and lavapipe'}`,
    async (bits, rows) => {
      const size = 2 ** bits;
      const data = numbers(rows * size, bits);
      const want = radix2(data, size);
      for (const backend of [wasm, webgpu, lavapipe]) if (backend) expect(await transformed(backend, size, data)).toEqual(want);
    },
  );

  it.each([0, 1, 3, 6, 9])('of 2^%i numbers is the sum over all masks in the oracle', async (bits) => {
    const size = 2 ** bits;
    const data = numbers(3 * size, bits);
    const got = await transformed(reference, size, data);
    const want = Float32Array.from(data, (_, i) => {
      const row = data.subarray(i - (i % size), i - (i % size) + size);
      return row.reduce((sum, v, m) => sum + (parity((i % size) & m) ? -v : v), 0);
    });
    expect(got).toEqual(want);
  });

  it.each([13, 14])('of 2^%i numbers, in passes, is the float64 transform in the oracle and, but for float32, elsewhere', async (bits) => {
    const data = numbers(2 ** bits, bits);
    const want = plainFwht(Float64Array.from(data));
    const largest = want.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(await transformed(reference, 2 ** bits, data)).toEqual(Float32Array.from(want));
    const got = await transformed(webgpu, 2 ** bits, data);
    expect(got.reduce((most, v, i) => Math.max(most, Math.abs(v - want[i])), 0)).toBeLessThanOrEqual(FLOAT32 * largest);
  });

  it('of 2^17 whole numbers, in a pass of twelve stages and one of five, undoes itself', async () => {
    const size = 2 ** 17;
    const random = createRandom(1);
    // Sums stay below 2^24: exact in float32.
    const data = Float32Array.from({ length: size }, () => random.below(16) - 8);
    const expected = data.map((v) => size * v);
    for (const backend of [wasm, webgpu, lavapipe])
      if (backend) expect(await transformed(backend, size, await transformed(backend, size, data))).toEqual(expected);
  });

  it('takes fewer rows than it was prepared for, again and again', async () => {
    const transform = await createRowTransform(webgpu, 16, 100);
    for (const rows of [100, 1, 7]) {
      const data = numbers(rows * 16, rows);
      expect(await transform.run(data)).toEqual(radix2(data, 16));
    }
    transform.destroy();
  });

  it('is made in as many runs as the buffers of a device ask for', async () => {
    const data = numbers(50 * 64, 2);
    const runs: number[] = [];
    const small: Backend = {
      ...wasm,
      info: wasm.info,
      limits: { ...wasm.limits, bufferBytes: 6400 },
      async prepare(program, weights) {
        const executable = await wasm.prepare(program, weights);
        return {
          ...executable,
          run(inputs, counts, options) {
            runs.push(counts.tokens);
            return executable.run(inputs, counts, options);
          },
        };
      },
    };
    expect(await transformRows(small, data, 64)).toEqual(radix2(data, 64));
    expect(runs).toEqual([20, 20, 10]);
    expect(await transformRows(webgpu, data, 64)).toEqual(radix2(data, 64));
    expect((await rejectedBy(transformRows(small, data, 2048))).code).toBe('out-of-memory');
    expect((await rejectedBy(transformRows(wasm, new Float32Array(0), 8))).code).toBe('usage');
  });

  it('has a name for a row with numbers that are none', async () => {
    const data = numbers(5 * 128, 1);
    data[3 * 128 + 100] = Number.NaN;
    const transform = await createRowTransform(webgpu, 128, 5);
    const error = await rejectedBy(transform.run(data));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 3, got/)]);
    transform.destroy();
  });

  it.each([12, 0, -8, 1.5, Number.NaN, 2 ** 25])('refuses rows of %d numbers', async (size) => {
    const error = await rejectedBy(createRowTransform(wasm, size, 1));
    expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(/a power of two up to 2\^24 numbers, got/)]);
  });

  it('refuses no rows, parts of rows, and more than it was prepared for', async () => {
    for (const rows of [0, 1.5, Number.NaN]) expect((await rejectedBy(createRowTransform(wasm, 8, rows))).code).toBe('usage');
    const transform = await createRowTransform(wasm, 8, 2);
    for (const count of [0, 12, 24]) {
      const error = await rejectedBy(transform.run(new Float32Array(count)));
      expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(new RegExp(`1 to 2 rows of 8 numbers, got ${count} `))]);
    }
    transform.destroy();
  });

  it('refuses by name what is beyond the largest buffer of a device, before anything is allocated', async () => {
    const error = await rejectedBy(createRowTransform(webgpu, 2 ** 12, 2 ** 13));
    expect([error.code, error.message]).toEqual([
      'out-of-memory',
      expect.stringMatching(
        /at most 134217728 bytes in a buffer of SwiftShader.*, got 138412032 for 8192 rows of 4096 numbers; pass fewer/,
      ),
    ]);
  });
});

describe('the passes of a transform', () => {
  it('do every stage once, in order, within what a workgroup holds', () => {
    for (let bits = 0; bits <= 24; bits++) {
      const passes = transformPasses(bits);
      let next = 0;
      for (const { first, stages } of passes) {
        expect(first).toBe(next);
        // A pass at a distance reads sixteen neighbours or more, and fills a tile of 2^12 numbers.
        if (first > 0) expect([stages >= 4 && stages <= 8, first >= 12 - stages]).toEqual([true, true]);
        else expect(stages).toBeLessThanOrEqual(12);
        next += stages;
      }
      expect(next).toBe(bits);
      expect(passes.length).toBe(bits <= 12 ? 1 : bits <= 20 ? 2 : 3);
    }
  });
});
