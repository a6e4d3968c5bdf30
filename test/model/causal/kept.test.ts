import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../../src/compute/webgpu/backend.ts';
import { halfBuffers } from '../../../src/compute/webgpu/storage.ts';
import { decoderProgram } from '../../../src/model/causal/decoder.ts';
import { greedyTokens } from '../../../src/model/causal/greedy.ts';
import type { CausalModel, TokenSequences } from '../../../src/model/model.ts';
import { excess } from '../../compute/support.ts';
import { softwareGpu } from '../../support/gpu.ts';
import { rejectedBy } from '../support.ts';
import { FOLDERS, scored, tinyCausal, tinyParts } from './support.ts';

/** The same float32 sums in another order at most. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
/** Tokens before the words, and how many words. */
const TEMPLATE = [1, 4, 2, 9];
const WORDS = 5;

let wasm: Backend;
let pool: Backend;
let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  wasm = await createWasmBackend({ threads: 1 });
  pool = await createWasmBackend({ threads: 2 });
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => {
  for (const backend of [wasm, pool, webgpu]) backend.destroy();
});

/** A masking of the words behind the template, a token that is never masked, and a continuation of two. */
function masking(r: number): number[] {
  const words = Array.from({ length: WORDS }, (_, i) => i).filter((i) => (r >> i) & 1);
  return [...TEMPLATE, ...words.map((i) => 10 + i), 7, 5, 6];
}

const MASKINGS = Array.from({ length: 2 ** WORDS }, (_, r) => masking((r * 13) % 2 ** WORDS));
const CONTINUATION = 2;

function listsOf(lists: readonly (readonly number[])[]): TokenSequences {
  const { ids, offsets } = scored(lists);
  return { ids, offsets };
}

/** The template, then what stands before the second word, before the third, … */
function beginnings(depth: number): TokenSequences {
  return listsOf(Array.from({ length: depth + 1 }, (_, d) => Array.from({ length: 2 ** d }, (_, r) => masking(r).slice(0, -3))).flat());
}

/** All maskings in calls of four, keeping more from call to call; the scores end to end. */
async function inCalls(model: CausalModel, keep: (call: number) => TokenSequences | undefined): Promise<number[]> {
  const out: number[] = [];
  for (let at = 0; at < MASKINGS.length; at += 4) {
    const some = MASKINGS.slice(at, at + 4);
    const from = some.map((list) => list.length - CONTINUATION);
    out.push(...(await model.score(scored(some, from), { keep: keep(at / 4) })).logProbs);
  }
  return out;
}

const growing = (call: number) => beginnings(Math.min(call, 3));

describe('beginnings that are kept from call to call', () => {
  it.each(FOLDERS)('change no bit of what %s says, on one thread, on two and in float64', async (folder) => {
    const parts = tinyParts(folder);
    for (const backend of [reference, wasm, pool]) {
      const model = await tinyCausal(backend, parts);
      const anew = await inCalls(model, () => undefined);
      expect(model.counters.keptTokens).toBe(0);
      const kept = await inCalls(model, growing);
      expect(model.counters.keptTokens).toBeGreaterThan(0);
      expect(kept).toEqual(anew);
      model.destroy();
    }
  });

  it('change nothing of what WGSL says beyond the order of float32 sums', async () => {
    const model = await tinyCausal(webgpu, tinyParts('llama'));
    const anew = await inCalls(model, () => undefined);
    const kept = await inCalls(model, growing);
    expect(model.counters.keptTokens).toBeGreaterThan(0);
    expect(excess(kept, anew, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    model.destroy();
  });

  it('are computed once: the template once for all calls, and every masking of the first words once', async () => {
    const model = await tinyCausal(reference, tinyParts('gpt2'), 4096);
    await inCalls(model, () => beginnings(3));
    const rowsOf = (lists: readonly number[][]) => new Set(lists.flatMap((list) => list.map((_, i) => list.slice(0, i + 1).join())));
    const kept = rowsOf(Array.from({ length: 8 }, (_, r) => masking(r).slice(0, -3)));
    let naive = 0;
    let [computed, saved] = [kept.size, 0];
    for (let at = 0; at < MASKINGS.length; at += 4) {
      const some = MASKINGS.slice(at, at + 4).map((list) => list.slice(0, -1));
      naive += some.reduce((rows, list) => rows + list.length, 0);
      computed += [...rowsOf(some)].filter((row) => !kept.has(row)).length;
      saved += some.reduce((rows, list) => rows + list.filter((_, i) => kept.has(list.slice(0, i + 1).join())).length, 0);
    }
    expect(model.counters).toMatchObject({ tokens: computed, sequences: MASKINGS.length, distinctSequences: MASKINGS.length });
    // What was kept is used by the first sequence of its beginning in a call, and shared with it by the others.
    expect(model.counters.keptTokens + model.counters.sharedTokens).toBe(naive - (computed - kept.size));
    expect(model.counters.keptTokens).toBeGreaterThanOrEqual(saved / 2);
    expect(computed).toBeLessThan(naive / 2);
    model.destroy();
  });

  it('make room for those of another text, and are used only as far as no score is read from them', async () => {
    const model = await tinyCausal(wasm, tinyParts('llama'), 64);
    const others = Array.from({ length: 40 }, (_, i) => [20 + (i % 40), ...Array.from({ length: 8 }, (_, t) => (i + t) % 60)]);
    const anew = await inCalls(model, () => undefined);
    await inCalls(model, () => beginnings(3));
    // 40 beginnings of nine tokens and the eleven rows of the first text are more than there is room for.
    for (const list of others)
      for (const keep of [listsOf(others), undefined]) {
        const whole = [...list, 3];
        expect((await model.score(scored([whole], 1), { keep })).logProbs.length).toBe(9);
      }
    expect(await inCalls(model, growing)).toEqual(anew);
    model.destroy();
  });

  it('are as many as there is room for, the first ones first', async () => {
    const model = await tinyCausal(reference, tinyParts('llama'), 64);
    const many = Array.from({ length: 67 * 10 }, (_, i) => [i % 67, Math.floor(i / 67)]);
    const { tokens } = model.counters;
    await model.score(scored([[3, 0, 5, 1]], 3), { keep: listsOf(many) });
    const kept = model.counters.tokens - tokens - 1;
    // Four times the 64 tokens that the longest text may have.
    expect([kept, model.counters.keptTokens]).toEqual([256, 2]);
    model.destroy();
  });

  it('are lost with the device, and computed anew', async () => {
    let losses = 0;
    const parts = tinyParts('qwen2');
    const failing: Backend = {
      ...reference,
      async prepare(program, weights) {
        const executable = await reference.prepare(program, weights);
        return {
          ...executable,
          async run(inputs, counts, options) {
            if (losses === 1) {
              losses = 2;
              executable.destroy();
            }
            return executable.run(inputs, counts, options);
          },
        };
      },
      async reopen() {},
    };
    const model = await tinyCausal(failing, parts);
    const anew = await inCalls(model, () => undefined);
    const kept = await inCalls(model, (call) => {
      if (call === 4) losses = 1;
      return growing(call);
    });
    expect(losses).toBe(2);
    expect(kept).toEqual(anew);
    model.destroy();
  });

  it('let an answer be continued without its beginning being computed again', async () => {
    const model = await tinyCausal(reference, tinyParts('llama'), 4096);
    const prompt = [1, 2, 3, 4, 5, 6, 7, 8];
    const added = await greedyTokens(model, prompt, { most: 20 });
    expect(added.length).toBe(20);
    // The prompt once, then what was added since it was kept, and after sixteen tokens all of it.
    const steps = Array.from({ length: 20 }, (_, i) => (i % 16) + (i % 16 === 0 ? 1 : 0));
    expect(model.counters.tokens).toBeLessThanOrEqual(8 + 16 + steps.reduce((a, b) => a + b + 1, 0));
    const anew = await tinyCausal(reference, tinyParts('llama'), 4096);
    const whole = [...prompt, ...added];
    expect([...(await anew.score(scored([whole], 8))).best]).toEqual(added);
    for (const each of [model, anew]) each.destroy();
  });

  it('lie in single precision whatever the rest does, so that a run reads what another one wrote', () => {
    const { sizes } = tinyParts('llama');
    const half = halfBuffers(decoderProgram(sizes, { tokens: 8, tableRows: 8, sequences: 8, kept: 8 }), 'f16');
    expect(half.has('0.qkv.weight')).toBe(true);
    for (let layer = 0; layer < sizes.layers; layer++) expect(half.has(`kept.${layer}`)).toBe(false);
  });

  it.each([
    ['offsets that do not ascend', { ids: Uint32Array.of(1, 2), offsets: Uint32Array.of(0, 2, 2) }],
    ['a token beyond the vocabulary', listsOf([[1, 50]])],
  ])('with %s are refused', async (_, keep) => {
    const model = await tinyCausal(reference, tinyParts('mistral'));
    expect((await rejectedBy(model.score(scored([[1, 2]]), { keep }))).code).toBe('usage');
    model.destroy();
  });
});
