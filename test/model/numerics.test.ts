import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import type { Program } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import type { WebspexError } from '../../src/core/errors.ts';
import { BERT } from '../../src/model/architectures/bert.ts';
import { encoderProgram } from '../../src/model/encoder.ts';
import { embeddingSums, encoderWeights, takeEmbeddings } from '../../src/model/encoder-weights.ts';
import { packChunk } from '../../src/model/planner.ts';
import { softwareGpu } from '../support/gpu.ts';
import { bertSizes, randomTensors, sequences, type Tensors, type TinySizes, takeFrom } from './tiny-encoder.ts';

/** Where numbers are huge, float32 rounds what float64 keeps; both then agree to float32's digits of the larger terms. */
const PARITY = 1e-3;

const capacity = { tokens: 64, tableRows: 64, sequences: 16 };
const chunk = packChunk(
  sequences([
    [1, 9, 7, 2],
    [1, 2],
    [1, 9, 9, 30, 11, 2],
  ]),
  0,
  64,
  capacity,
);

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

/** The program with its weights as inputs, so that one preparation serves every change of them. */
function withWeightsAsInputs(program: Program): Program {
  return { ...program, buffers: program.buffers.map((b) => (b.kind === 'weight' ? { ...b, kind: 'input' } : b)) };
}

/** What is done to a tensor: one element replaced, or all of them multiplied. */
const CHANGES: readonly [string, (values: Float32Array) => Float32Array][] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38, 1e30, 1e20, 1e10, 1e-40].map(
    (x): [string, (values: Float32Array) => Float32Array] => [`element ${x}`, (v) => v.map((w, i) => (i === v.length >> 1 ? x : w))],
  ),
  ...[1e30, 1e20, 1e10, 0].map((x): [string, (values: Float32Array) => Float32Array] => [`times ${x}`, (v) => v.map((w) => w * x)]),
];

describe('a broken or extreme weight', () => {
  it.each(['gelu', 'gelu-tanh', 'relu'] as const)(
    'of any tensor is an error or the right answer, never a wrong one, with %s',
    async (activation) => {
      const sizes = bertSizes<TinySizes>({
        layers: 2,
        width: 12,
        heads: 2,
        hidden: 20,
        activation,
        epsilon: 1e-12,
        labels: 3,
        vocabulary: 31,
        positions: 8,
      });
      const tensors = randomTensors(sizes, 3);
      const program = withWeightsAsInputs(encoderProgram(sizes, capacity));
      const [oracle, device] = [await reference.prepare(program, new Map()), await webgpu.prepare(program, new Map())];
      const inputsOf = (changed: Tensors) => {
        const take = takeFrom(changed);
        const embeddings = takeEmbeddings(sizes, { vocabulary: 31, positions: 8, types: 2 }, BERT.names, { take });
        const { tableRow, rowRanges, readRanges, readRows } = chunk;
        const tableSum = embeddingSums(embeddings, chunk);
        const { weights } = encoderWeights(sizes, BERT.names, { take });
        return { tableSum, tableRow, rowRanges, readRanges, readRows, ...Object.fromEntries(weights) };
      };
      const seen = { errors: 0, right: 0 };
      for (const [name, tensor] of tensors)
        for (const [change, apply] of CHANGES) {
          const inputs = inputsOf(new Map([...tensors, [name, { ...tensor, values: apply(tensor.values) }]]));
          const [want, got] = await Promise.allSettled([oracle.run(inputs, chunk.counts), device.run(inputs, chunk.counts)]);
          const where = `${name}, ${change}`;
          if (got.status === 'rejected') {
            expect((got.reason as WebspexError).code, where).toBe('non-finite');
            seen.errors++;
            continue;
          }
          expect(want.status, where).toBe('fulfilled');
          if (want.status !== 'fulfilled') continue;
          want.value.forEach((w, i) => {
            expect(Math.abs(got.value[i] - w) / Math.max(1, Math.abs(w)), `${where}: ${got.value[i]} for ${w}`).toBeLessThan(PARITY);
          });
          seen.right++;
        }
      expect(seen.errors).toBeGreaterThan(100);
      expect(seen.right).toBeGreaterThan(100);
      for (const executable of [oracle, device]) executable.destroy();
    },
  );
});
