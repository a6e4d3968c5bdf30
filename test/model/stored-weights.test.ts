import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { emptyLevels } from '../../src/compute/packed.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { EMBEDDED_MODEL } from '../../src/embedded.ts';
import { type LoadOptions, loadClassifier } from '../../src/model/load.ts';
import { loadMasked } from '../../src/model/masked.ts';
import { dequantiseRows, readSafetensors, type Tensor, toFloat32 } from '../../src/model/safetensors.ts';
import { openSource } from '../../src/model/source.ts';
import { tensorTable } from '../../src/model/tensor-matrix.ts';
import { watchedGpu } from '../compute/watched-gpu.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { thrownBy } from './support.ts';
import { sequences } from './tiny-encoder.ts';

/** Where exact weights are expanded in another place, a GPU may fuse and order sums in another way. */
const ON_GPU = 1e-5;
const MOST_PIPELINES = 12;
/** Bytes of matrices beside float32's: 32 levels and 3 numbers in 88 words for 8 columns, and two halves in a word. */
const [LEVELS, HALVES] = [88 / 256, 1 / 2];

useBackends();
const golden = (path: string) => new URL(`golden/${path}/`, import.meta.url);
type Stored = LoadOptions['weights'];
const asked = sequences([
  [2, 9, 7, 30, 3],
  [2, 3],
  [2, 9, 9, 30, 11, 12, 5, 3],
]);

/** A backend that notes the bytes of the weights it is given. */
function weighing(backend: Backend) {
  const bytes = { matrices: 0, all: 0 };
  const noting: Backend = {
    ...backend,
    upload(program, weights) {
      for (const [name, { byteLength }] of weights) {
        bytes.all += byteLength;
        if (name.endsWith('.weight')) bytes.matrices += byteLength;
      }
      return backend.upload(program, weights);
    },
  };
  return { backend: noting, bytes };
}

const classified = async (place: URL, backend: Backend, weights: Stored, head: LoadOptions['head'], gates?: Float32Array) => {
  const noting = weighing(backend);
  const model = await loadClassifier(openSource(place), { backend: noting.backend, weights, head });
  const logits = await model.classify(asked, gates && { gates: { values: gates } });
  const { components } = model;
  model.destroy();
  return { logits: [...logits], bytes: noting.bytes, components };
};

const farthest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i])));

describe('an encoder whose matrices stay as they are stored', () => {
  it.each([
    ['tiny/f16', 'classifier', HALVES],
    ['tiny/bf16', 'classifier', HALVES],
    ['tiny/electra-base', 'classifier', HALVES],
    ['tiny/f16', 'none', 1],
    ['tiny-heads/mean-bert', 'none', HALVES],
    ['tiny-heads/first-roberta', 'none', 1],
    ['tiny/f32', 'classifier', 1],
  ] as const)('%s (head %s) gives the bits that float32 does, in %d of the bytes', async (name, head, share) => {
    for (const on of [reference, wasm, webgpu]) {
      const [single, stored] = [await classified(golden(name), on, 'float32', head), await classified(golden(name), on, 'stored', head)];
      expect(stored.bytes.matrices / single.bytes.matrices, on.info.backend).toBeLessThanOrEqual(share);
      if (on === webgpu) expect(farthest(stored.logits, single.logits)).toBeLessThanOrEqual(ON_GPU);
      else expect(stored.logits, on.info.backend).toEqual(single.logits);
    }
  });

  it('is float32 on a software adapter, whose invocations share no tile, unless it is asked for', async () => {
    const [usual, single, stored] = await Promise.all(
      [undefined, 'float32' as const, 'stored' as const].map((weights) => classified(golden('tiny/f16'), webgpu, weights, 'classifier')),
    );
    expect([usual.bytes, usual.logits]).toEqual([single.bytes, single.logits]);
    expect(stored.bytes.matrices).toBe(single.bytes.matrices / 2);
  });

  it('does so with gates on its heads and blocks, and for the words in a blank', async () => {
    const ones = await classified(golden('tiny/bf16'), wasm, 'stored', 'classifier');
    const columns = (ones.components?.layers ?? 0) * ((ones.components?.heads ?? 0) + 1);
    const gates = Float32Array.from({ length: 3 * columns }, (_, i) => (i % 5) / 4);
    const [single, stored] = await Promise.all(
      (['float32', 'stored'] as const).map((weights) => classified(golden('tiny/bf16'), wasm, weights, 'classifier', gates)),
    );
    expect(stored.logits).toEqual(single.logits);
    expect(stored.logits).not.toEqual(ones.logits);
    for (const name of ['words-bert', 'words-roberta']) {
      const filled = async (weights: Stored) => {
        const { backend, bytes } = weighing(wasm);
        const model = await loadMasked(openSource(golden(`tiny-heads/${name}`)), { backend, weights });
        const { logProbs } = await model.fill({ ...asked, blanks: Uint32Array.of(1, 1, 2) }, [7, 9]);
        model.destroy();
        return { logProbs: [...logProbs], bytes };
      };
      const [a, b] = [await filled('float32'), await filled('stored')];
      expect(b.logProbs).toEqual(a.logProbs);
      expect(b.bytes.matrices / a.bytes.matrices).toBeLessThanOrEqual(HALVES);
    }
  });
});

describe('the embedded model', () => {
  const place = new URL(EMBEDDED_MODEL);

  it('holds levels for its matrices, a third of float32’s bytes, and gives the very bits', async () => {
    for (const on of [wasm, reference]) {
      const [single, stored] = [await classified(place, on, 'float32', 'classifier'), await classified(place, on, 'stored', 'classifier')];
      expect(stored.bytes.matrices / single.bytes.matrices).toBeLessThanOrEqual(LEVELS);
      expect(stored.bytes.all / single.bytes.all).toBeLessThanOrEqual(0.36);
      expect(stored.logits, on.info.backend).toEqual(single.logits);
    }
  });

  it(`does so in the buffers of a GPU, with at most ${MOST_PIPELINES} pipelines`, async () => {
    const bytes = new Map<string, number>();
    let pipelines = 0;
    const gpu = watchedGpu(({ name, args, go }) => {
      const { label = '', size = 0 } = (args[0] ?? {}) as GPUBufferDescriptor;
      if (name === 'createBuffer' && label.endsWith('.weight')) bytes.set(label, size);
      if (name === 'createComputePipelineAsync') pipelines++;
      return go();
    });
    const backend = await createWebgpuBackend({ gpu });
    const { logits, bytes: given } = await classified(place, backend, 'stored', 'classifier');
    backend.destroy();
    expect([...bytes.values()].reduce((a, b) => a + b, 0)).toBe(given.matrices);
    expect(pipelines).toBeLessThanOrEqual(MOST_PIPELINES);
    const single = await classified(place, wasm, 'float32', 'classifier');
    expect(farthest(logits, single.logits)).toBeLessThanOrEqual(ON_GPU);
  });
});

describe('a table of words', () => {
  const file = readSafetensors(readFileSync(new URL('golden/tiny/f16/model.safetensors', import.meta.url)));
  const words = file.get('bert.embeddings.word_embeddings.weight') as Tensor;

  it('is read from memory of its own, to the bits of its file', () => {
    const table = tensorTable('words', words);
    const want = toFloat32('words', words);
    const saved = words.bytes.slice();
    words.bytes.fill(0);
    const rows = Array.from({ length: table.rows }, (_, r) => {
      const row = new Float32Array(table.columns);
      table.row(r, row);
      return [...row];
    });
    words.bytes.set(saved);
    expect(rows.flat()).toEqual([...want]);
    expect(table.type).toBe('f16');
  });

  const int8 = (columns: number, scale: readonly number[]): [Tensor, Tensor] => {
    const levels = Uint8Array.from({ length: scale.length * columns }, (_, i) => i * 37);
    return [
      { dtype: 'I8', shape: [scale.length, columns], bytes: levels },
      { dtype: 'F32', shape: [scale.length], bytes: new Uint8Array(Float32Array.from(scale).buffer) },
    ];
  };

  it('of int8 rows hands out levels and a scale where rows are whole blocks, and float32 otherwise', () => {
    const [rows, scale] = int8(64, [0.25, 3e-3]);
    const table = tensorTable('words', rows, scale);
    const [row, levels] = [new Float32Array(64), emptyLevels()];
    table.row(1, row);
    table.levels?.(1, 1, levels);
    expect(table.type).toBe('q8');
    expect([...row]).toEqual([...dequantiseRows('words', rows, scale).subarray(64)]);
    expect([...levels.levels].map((level) => Math.fround(level * levels.scales[0]))).toEqual([...row.subarray(32)]);
    expect([levels.scales[0], levels.scales[1], levels.offset]).toEqual([Math.fround(3e-3), Math.fround(3e-3), 0]);
    expect(tensorTable('words', ...int8(40, [1])).type).toBe('f32');
  });

  it('is refused by name and element where a weight is infinite or not a number', () => {
    const [rows, scale] = int8(64, [1, 3e38]);
    const error = thrownBy(() => tensorTable('words', rows, scale));
    expect([error.code, error.message]).toEqual([
      'bad-file',
      expect.stringMatching(/tensor words: expected finite weights, got -?Infinity at element (6[4-9]|[7-9]\d)/),
    ]);
    const halves = { dtype: 'F16', shape: [1, 2], bytes: Uint8Array.of(0, 0, 1, 0x7e) } as const;
    expect(thrownBy(() => tensorTable('words', halves)).message).toMatch(/got NaN at element 1/);
  });
});
