import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { WebspexError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/random.ts';
import { createClassifier } from '../../src/model/classifier.ts';
import { type Call, watchedGpu } from '../compute/watched-gpu.ts';
import { softwareGpu } from '../support/gpu.ts';
import { rejectedBy } from './support.ts';
import { naiveLogits, randomTensors, sequences, type TinySizes, tinyModel, tinyParts } from './tiny-encoder.ts';

const sizes: TinySizes = {
  layers: 1,
  width: 16,
  heads: 2,
  hidden: 24,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 2,
  vocabulary: 31,
  positions: 16,
};
const tensors = randomTensors(sizes, 7);
const random = createRandom(8);
/** Forty sequences, five of them asked twice. */
const lists = Array.from({ length: 40 }, () => Array.from({ length: 1 + random.below(12) }, () => random.below(31)));
for (let i = 35; i < 40; i++) lists[i] = lists[i - 35];
const asked = sequences(lists);
/** Rows to a chunk that make the forty into a dozen chunks. */
const SMALL = 24;
/** Pipelines compile slowly on a busy machine; only a hang should meet this. */
const LOADING_MS = 120_000;

let webgpu: Backend;
const reference = createReferenceBackend();
let expected: number[];
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  const model = await tinyModel(webgpu, sizes, tensors, SMALL);
  expected = [...(await model.classify(asked))];
  model.destroy();
}, LOADING_MS);
afterAll(() => webgpu.destroy());

describe('a classifier', () => {
  it('gives logits in the order asked, equal sequences equal logits, whatever the order and the batch', async () => {
    const order = Array.from({ length: 40 }, (_, i) => (i * 17) % 40);
    for (const backend of [reference, webgpu]) {
      const model = await tinyModel(backend, sizes, tensors, SMALL);
      const whole = await model.classify(asked);
      const shuffled = await model.classify(sequences(order.map((i) => lists[i])));
      order.forEach((i, at) => {
        expect([...shuffled.subarray(2 * at, 2 * at + 2)]).toEqual([...whole.subarray(2 * i, 2 * i + 2)]);
      });
      for (const i of [0, 7, 39]) expect([...(await model.classify(sequences([lists[i]])))]).toEqual([...whole.subarray(2 * i, 2 * i + 2)]);
      expect((await model.classify(sequences([]))).length).toBe(0);
      model.destroy();
    }
    expect(expected[0]).toBeCloseTo(naiveLogits(tensors, sizes, lists[0])[0], 4);
  });

  it('stops between chunks when its signal is aborted, and works on afterwards', async () => {
    for (const backend of [reference, webgpu]) {
      const stop = new AbortController();
      const watched: Backend = {
        ...backend,
        async prepare(...given) {
          const executable = await backend.prepare(...given);
          let started = 0;
          return {
            ...executable,
            run(...args) {
              if (++started === 3) stop.abort();
              return executable.run(...args);
            },
          };
        },
      };
      const model = await tinyModel(watched, sizes, tensors, SMALL);
      expect((await rejectedBy(model.classify(asked, { signal: stop.signal }))).code).toBe('aborted');
      // Of a dozen chunks two were given out before the third found the signal aborted.
      expect(model.counters.chunks).toBeLessThanOrEqual(2);
      expect((await model.classify(asked)).length).toBe(80);
      model.destroy();
    }
  });

  it('refuses what its model cannot take, with both numbers, before anything runs', async () => {
    const model = await tinyModel(reference, sizes, tensors);
    const error = (list: number[][], offsets?: number[]) =>
      rejectedBy(model.classify(offsets ? { ids: Uint32Array.from(list.flat()), offsets: Uint32Array.from(offsets) } : sequences(list)));
    expect(await error([[1], []])).toMatchObject({ code: 'empty-input', message: expect.stringMatching(/sequence 1/) });
    expect(await error([new Array(17).fill(1)])).toMatchObject({
      code: 'too-long',
      message: expect.stringMatching(/at most 16 tokens, got 17/),
    });
    expect(await error([[1, 31]])).toMatchObject({ code: 'usage', message: expect.stringMatching(/ids below 31, got 31/) });
    expect(await error([[1, 2]], [0, 1])).toMatchObject({ code: 'usage', message: expect.stringMatching(/offsets from 0 to 2/) });
    expect(await error([[1, 2]], [])).toMatchObject({ code: 'usage' });
    expect(await error([[1, 2, 3]], [0, 2, 1, 3])).toMatchObject({ code: 'empty-input' });
    expect(model.counters.sequences).toBe(0);
    model.destroy();
    expect(await error([[1]])).toMatchObject({ code: 'usage', message: expect.stringMatching(/got a destroyed one/) });
  });

  it('grows its chunks while they take less time than the backend wants, within its limits', async () => {
    const seen: number[] = [];
    const limits = { ...reference.limits, firstTokens: 16, mostTokens: 50, targetMs: 1e9 };
    const model = await createClassifier(
      tinyParts(sizes, tensors, { tokens: 64, tableRows: 64, sequences: 32 }),
      watched(limits, (tokens) => seen.push(tokens)),
    );
    await model.classify(asked);
    expect(seen[0]).toBeLessThanOrEqual(16);
    expect(Math.max(...seen)).toBeGreaterThan(32);
    expect(Math.max(...seen)).toBeLessThanOrEqual(50);
    model.destroy();
  });

  it('shrinks its chunks while they take more time than the backend wants, within its limits', async () => {
    const seen: number[] = [];
    const limits = { ...reference.limits, firstTokens: 48, leastTokens: 20, mostTokens: 50, targetMs: 1e-9 };
    const model = await createClassifier(
      tinyParts(sizes, tensors, { tokens: 64, tableRows: 64, sequences: 32 }),
      watched(limits, (tokens) => seen.push(tokens)),
    );
    await model.classify(asked);
    await model.classify(asked);
    expect(seen[0]).toBeGreaterThan(32);
    const last = seen.slice(-4);
    expect(Math.max(...last)).toBeLessThanOrEqual(20);
    // Sequences stay whole; the longest has 12 tokens.
    expect(Math.max(...last)).toBeGreaterThan(8);
    model.destroy();
  });
});

/** The reference with other limits, telling how many tokens each run has. */
function watched(limits: Backend['limits'], tell: (tokens: number) => void): Backend {
  return {
    ...reference,
    limits,
    async prepare(...given) {
      const executable = await reference.prepare(...given);
      return {
        ...executable,
        run(inputs, counts, options) {
          tell(counts.tokens);
          return executable.run(inputs, counts, options);
        },
      };
    },
  };
}

describe('a classifier whose numbers are not finite', () => {
  it('says of which of the sequences asked, and the others alone are right', async () => {
    const word = 'bert.embeddings.word_embeddings.weight';
    const values = (tensors.get(word)?.values ?? new Float32Array()).map((w, i) => (i === 16 * 30 + 3 ? Number.NaN : w));
    const sick = new Map([...tensors, [word, { shape: [31, 16], values }]]);
    // Token 30 is the broken one; the third sequence repeats the first, so the fourth asked is the third computed.
    const given = [
      [1, 5, 2],
      [1, 6, 2],
      [1, 5, 2],
      [1, 7, 30, 2],
      [1, 8, 2],
    ];
    for (const backend of [reference, webgpu]) {
      const model = await tinyModel(backend, sizes, sick, SMALL);
      const error = await rejectedBy(model.classify(sequences(given)));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in sequence 3, got/)]);
      const well = await model.classify(sequences([given[0]]));
      expect(well[0]).toBeCloseTo(naiveLogits(tensors, sizes, given[0])[0], 4);
      model.destroy();
    }
  });
});

/** A tiny model on a device whose calls are shown to `onCall`. */
async function watchedModel(onCall: (call: Call) => unknown) {
  const backend = await createWebgpuBackend({ gpu: watchedGpu(onCall) });
  const model = await tinyModel(backend, sizes, tensors, SMALL);
  return {
    model,
    close() {
      model.destroy();
      backend.destroy();
    },
  };
}

describe('a classifier whose device is lost', () => {
  it.each([
    ['before the first submission', 'submit', 0],
    ['after the fifth chunk was given out', 'mapAsync', 5],
    ['while the last one is read', 'getMappedRange', -1],
  ] as const)('%s opens it anew and gives the very same bits', async (_, name, place) => {
    let calls: number | null = null;
    let lost = 0;
    const { model, close } = await watchedModel((call) => {
      if (calls !== null && call.name === name && calls++ === (place < 0 ? chunks - 1 : place)) {
        call.device?.destroy();
        lost++;
      }
      return call.go();
    });
    // How many chunks a run takes, from one that nothing disturbs.
    const before = model.counters.chunks;
    expect([...(await model.classify(asked))]).toEqual(expected);
    const chunks = model.counters.chunks - before;
    calls = 0;
    expect([...(await model.classify(asked))]).toEqual(expected);
    expect(lost).toBe(1);
    // What had been read back before the loss was not computed again.
    expect(model.counters.distinctSequences).toBe(70);
    close();
  });

  it('again in the same call fails with a typed error, and the next call is right', async () => {
    const lost = new Set<GPUDevice>();
    let armed = false;
    const { model, close } = await watchedModel((call) => {
      if (armed && call.name === 'submit' && call.device && lost.size < 2) {
        lost.add(call.device);
        call.device.destroy();
      }
      return call.go();
    });
    armed = true;
    expect((await rejectedBy(model.classify(asked))).code).toBe('device-lost');
    expect(lost.size).toBe(2);
    expect([...(await model.classify(asked))]).toEqual(expected);
    close();
  });

  it('for good says why it cannot be opened anew', async () => {
    let gone = false;
    const { model, close } = await watchedModel((call) => {
      if (gone && call.name === 'requestAdapter') return Promise.resolve(null);
      if (gone && call.name === 'submit') call.device?.destroy();
      return call.go();
    });
    gone = true;
    expect((await rejectedBy(model.classify(asked))).code).toBe('no-adapter');
    gone = false;
    expect([...(await model.classify(asked))]).toEqual(expected);
    close();
  });

  it('on a backend that cannot be opened anew passes the loss on', async () => {
    const broken: Backend = {
      ...reference,
      async prepare() {
        return { run: () => Promise.reject(new WebspexError('device-lost', 'gone')), destroy() {} };
      },
    };
    const model = await tinyModel(broken, sizes, tensors);
    expect((await rejectedBy(model.classify(asked))).message).toBe('gone');
  });
});
