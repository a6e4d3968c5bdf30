import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { bufferLength, type Program, type RowCounts } from '../../src/compute/program.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { type EncoderSizes, encoderProgram } from '../../src/model/encoder.ts';
import { watchedGpu } from '../compute/watched-gpu.ts';
import { bertSizes, randomTensors, sequences, type TinySizes, tinyModel } from './tiny-encoder.ts';

const sizes: TinySizes = {
  layers: 3,
  width: 16,
  heads: 2,
  hidden: 24,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 2,
  vocabulary: 31,
  positions: 16,
};
const random = createRandom(3);
const asked = sequences(Array.from({ length: 40 }, () => Array.from({ length: 1 + random.below(12) }, () => random.below(31))));
/** Rows to a chunk that make the forty into a dozen chunks. */
const SMALL = 24;
const MOST_PIPELINES = 12;
/** The default maxStorageBufferBindingSize. */
const BINDING_BYTES = 128 * 1024 * 1024;

describe('a classifier on a device that counts', () => {
  /** Calls in order, those of loading first, and what buffers were asked for. */
  const calls: string[] = [];
  const buffers: number[] = [];
  const asksOfAdapter: unknown[][] = [];
  let backend: Backend;
  let loaded = 0;
  let chunks = 0;
  beforeAll(async () => {
    const gpu = watchedGpu(({ name, args, go }) => {
      calls.push(name);
      if (name === 'createBuffer') buffers.push((args[0] as GPUBufferDescriptor).size);
      if (name === 'requestDevice') asksOfAdapter.push([...args]);
      return go();
    });
    backend = await createWebgpuBackend({ gpu });
    const model = await tinyModel(backend, sizes, randomTensors(sizes, 7), SMALL);
    loaded = calls.length;
    await model.classify(asked);
    chunks = model.counters.chunks;
  });
  afterAll(() => backend.destroy());
  const count = (name: string, from = 0) => calls.slice(from).filter((n) => n === name).length;

  it(`compiles at most ${MOST_PIPELINES} pipelines, and creates nothing at all once it is loaded, over a dozen chunks`, () => {
    expect(chunks).toBeGreaterThan(10);
    expect(count('createComputePipelineAsync')).toBeLessThanOrEqual(MOST_PIPELINES);
    const made = calls.slice(loaded).filter((n) => n.startsWith('create'));
    expect([made.filter((n) => n !== 'createCommandEncoder'), made.length]).toEqual([[], chunks]);
  });

  it('takes one submission, one pass and the dispatches of its program for each chunk, seven for each layer in the middle', () => {
    const capacity = { tokens: 64, tableRows: 64, sequences: 32 };
    const steps = (layers: number) => encoderProgram(bertSizes({ ...sizes, layers }), capacity).steps.length;
    expect([steps(4) - steps(3), steps(13) - steps(12)]).toEqual([7, 7]);
    expect([count('submit', loaded), count('beginComputePass', loaded)]).toEqual([chunks, chunks]);
    expect(count('dispatchWorkgroups', loaded)).toBe(chunks * steps(3));
  });

  it('gives the second chunk to the device before the first is read back, and never a third', () => {
    let flying = 0;
    const depth = calls.slice(loaded).flatMap((name) => {
      if (name === 'submit') return [++flying];
      if (name === 'getMappedRange') flying--;
      return [];
    });
    expect([...depth.slice(0, 2), Math.max(...depth)]).toEqual([1, 2, 2]);
  });

  it('asks its adapter for no more than the default limits, and for no buffer beyond them', () => {
    expect(asksOfAdapter).toEqual([[]]);
    expect(Math.max(...buffers)).toBeLessThanOrEqual(BINDING_BYTES);
  });
});

describe('the largest chunks of a real GPU', () => {
  const common = { activation: 'gelu', headActivation: 'tanh', epsilon: 1e-12, labels: 2 } as const;
  const models: [string, EncoderSizes][] = [
    ['MiniLM-L6', { ...common, layers: 6, width: 384, embeddingWidth: 384, heads: 12, hidden: 1536 }],
    ['BERT-base', { ...common, layers: 12, width: 768, embeddingWidth: 768, heads: 12, hidden: 3072 }],
    ['BERT-large', { ...common, layers: 24, width: 1024, embeddingWidth: 1024, heads: 16, hidden: 4096 }],
  ];
  const capacity: RowCounts = { tokens: 8192, tableRows: 8192, sequences: 2048 };
  const largest = (program: Program) => Math.max(...program.buffers.map((b) => 4 * bufferLength(b, program.capacity)));

  it.each(models)('of %s keep every buffer within the default binding of 128 MiB', (_, of) => {
    expect(largest(encoderProgram(of, capacity))).toBeLessThanOrEqual(BINDING_BYTES);
  });
});
