import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { pairedMasks } from '../../../src/core/sample.ts';
import { EMBEDDED_MODEL } from '../../../src/embedded.ts';
import { maskSequences } from '../../../src/lens/text/masking.ts';
import { splitPlayers } from '../../../src/lens/text/players.ts';
import { loadClassifier } from '../../../src/model/load.ts';
import type { Model, TokenSequences } from '../../../src/model/model.ts';
import { openSource } from '../../../src/model/source.ts';
import { sequences } from '../../model/tiny-encoder.ts';
import { reference } from './support.ts';

/** The bound for a logit of float32. */
const LOGIT = 1e-4;
/** Masks of 8 words: every one there is. */
const MASKS = 256;

const load = (backend: Backend) => loadClassifier(openSource(EMBEDDED_MODEL), { backend });
const opened: Backend[] = [];
const models: Record<string, Model> = {};
beforeAll(async () => {
  const backends = {
    plain: await createWasmBackend({ build: 'plain', threads: 1 }),
    relaxed: await createWasmBackend({ build: 'relaxed', threads: 1 }),
    pooled: await createWasmBackend({ build: 'relaxed', threads: 3 }),
  };
  for (const [name, backend] of Object.entries(backends)) {
    opened.push(backend);
    models[name] = await load(backend);
  }
  models.reference = await load(reference);
});
afterAll(() => {
  for (const model of Object.values(models)) model.destroy();
  for (const backend of opened) backend.destroy();
});

function masked(text: string, count: number, rule: 'remove' | 'mask-token'): TokenSequences {
  const { tokenizer, info } = models.plain;
  const split = splitPlayers(tokenizer, text, 'word');
  return maskSequences(pairedMasks(split.players.length, count, 3), split, { kind: rule }, tokenizer, info.maxTokens);
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let most = a.length === b.length ? 0 : Number.NaN;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
};

describe('the embedded model in WASM', () => {
  it('answers as PyTorch does on every golden sequence, in both builds and in a pool', async () => {
    const file = new URL('../../model/golden/minilm-sst2.json', import.meta.url);
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: { ids: number[]; logits: number[] }[] };
    const asked = sequences(rows.map((row) => row.ids));
    const want = rows.flatMap((row) => row.logits);
    for (const name of ['plain', 'relaxed', 'pooled']) expect(farthest(await models[name].classify(asked), want)).toBeLessThan(LOGIT);
  });

  it('answers as the float64 reference does on all 256 maskings of eight words', async () => {
    const asked = masked('not that good but truly not bad either', MASKS, 'mask-token');
    const want = await models.reference.classify(asked);
    for (const name of ['plain', 'relaxed']) expect(farthest(await models[name].classify(asked), want)).toBeLessThan(LOGIT);
  });

  it('answers as the float64 reference does on texts of every length up to the longest', async () => {
    const words = 'I never thought that I would say this of a sequel but the second half is even better'.split(' ');
    const ids = Array.from(models.plain.tokenizer.encode(Array.from({ length: 600 }, (_, i) => words[i % words.length]).join(' ')).ids);
    const asked = sequences([1, 15, 16, 17, 129, 512].map((length) => ids.slice(0, length)));
    const want = await models.reference.classify(asked);
    for (const name of ['plain', 'relaxed']) expect(farthest(await models[name].classify(asked), want)).toBeLessThan(LOGIT);
  });

  it('gives a mask the same bits in any order, chunk and number of threads', async () => {
    const asked = masked('worst film ever but the jokes land and nobody overacts, which is more than I expected', 200, 'remove');
    const lists = Array.from({ length: 200 }, (_, s) => Array.from(asked.ids.subarray(asked.offsets[s], asked.offsets[s + 1])));
    const want = await models.relaxed.classify(asked);
    expect([...(await models.pooled.classify(asked))]).toEqual([...want]);
    const order = lists.map((_, i) => (i * 73) % 200);
    for (const name of ['relaxed', 'pooled']) {
      const shuffled = await models[name].classify(sequences(order.map((i) => lists[i])));
      expect([...shuffled]).toEqual(order.flatMap((i) => [want[2 * i], want[2 * i + 1]]));
      for (const i of [0, 99, 199])
        expect([...(await models[name].classify(sequences([lists[i]])))]).toEqual([...want.slice(2 * i, 2 * i + 2)]);
    }
  });

  it('says what it runs on', () => {
    expect(models.relaxed.device).toEqual({ backend: 'wasm', adapter: 'CPU (WASM relaxed SIMD, 1 thread)', software: false });
    expect(models.pooled.device.adapter).toBe('CPU (WASM relaxed SIMD, 3 threads)');
    expect(models.plain.device.adapter).toBe('CPU (WASM plain SIMD, 1 thread)');
  });
});
