import { describe, expect, it } from 'vitest';
import type { BenchContext } from '../../src/bench/harness.ts';
import { prompt } from '../../src/bench/prompt.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { loadCausal } from '../../src/model/causal/load.ts';
import type { CausalModel, DeviceInfo } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { scratch } from '../cli/support.ts';
import { causalOf } from '../lens/text/support.ts';
import { longTinyLlama } from '../model/causal/support.ts';
import { rejectedBy } from '../model/support.ts';

const honest = (before: number[], token: number) => -1 - ((7 * before.length + before[before.length >> 1] + token) % 50) / 10;
const folder = scratch();
const DEVICES: Readonly<Record<string, DeviceInfo>> = {
  webgpu: { backend: 'webgpu', adapter: 'a GPU', software: false, tiling: '128x64' },
  'webgpu-fp16': { backend: 'webgpu', adapter: 'a GPU', software: false, tiling: '128x64' },
  software: { backend: 'webgpu', adapter: 'a GPU', software: true },
  wasm: { backend: 'wasm', adapter: 'CPU', software: false },
  reference: { backend: 'reference', adapter: 'CPU (float64)', software: true },
};

/** Models by backend, off by so much; `calls` says how many sequences each call was about. */
function contextOf(names: readonly string[], off: Readonly<Record<string, number>> = {}, software = false) {
  const calls: Record<string, number[]> = {};
  const prompts: Record<string, string[]> = {};
  let open = 0;
  const load = async (name: string): Promise<CausalModel> => {
    const model = causalOf((before, token) => honest(before, token) + (off[name] ?? 0), { maxTokens: 2000 });
    const counters = { ...model.counters };
    open++;
    return {
      ...model,
      counters,
      device: DEVICES[software ? 'software' : name],
      async score(asked) {
        const count = asked.from.length;
        calls[name] = [...(calls[name] ?? []), count];
        const texts = Array.from({ length: count }, (_, s) => asked.ids.slice(asked.offsets[s], asked.offsets[s + 1]).join());
        prompts[name] = [...(prompts[name] ?? []), ...texts];
        // As if half of what is read were shared.
        counters.tokens += (asked.ids.length - count) / 2;
        counters.matmulFlops += 3e9 * count;
        return model.score(asked);
      },
      destroy: () => {
        open--;
      },
    };
  };
  const unused = async () => {
    throw new Error('the embedded model is not to be measured');
  };
  const context: BenchContext = {
    commit: 'abc',
    cpuSeconds: () => 0,
    backends: names.map((name) => ({ name, load: unused })),
    readText: async () => '',
    loadCausal: load,
    report() {},
  };
  return { context, calls, prompts, left: () => open };
}

describe('the benchmark of prompts', () => {
  it('times 256 distinct masks in WebAssembly four times, and compares eight with float64, one at a time', async () => {
    const { context, calls, prompts, left } = contextOf(['wasm', 'reference']);
    const rows = await prompt.run(context);
    expect(rows.map((r) => [r.id, r.unit, r.equal, r.details.comparedWith, r.details.maxLogProbDifference])).toEqual([
      ['G3-16-wasm', 's', true, 'reference', 0],
      ['G3-128-wasm', 's', true, 'reference', 0],
    ]);
    expect(calls).toEqual({ wasm: new Array(8).fill(256), reference: new Array(16).fill(1) });
    for (const row of rows) expect(row.details).toMatchObject({ gigaflopsPerPass: 3, shareComputed: 0.5 });
    // The tiny tokenizer has one token for “in” and letters of one.
    const [short, long] = [0, 4].map((run) => prompts.wasm.slice(256 * run, 256 * (run + 1)));
    for (const texts of [short, long]) expect(new Set(texts).size).toBeGreaterThan(240);
    // What is locked ends every prompt.
    const ends = new Set(short.map((text) => text.split(',').slice(-40).join()));
    expect(ends.size).toBe(1);
    expect(left()).toBe(0);
  });

  it('times 10,000 on a GPU and a few on software, and compares with WebAssembly', async () => {
    const hardware = contextOf(['webgpu']);
    expect((await prompt.run(hardware.context)).map((r) => [r.id, r.equal, r.adapter])).toEqual([
      ['G3-16-webgpu', true, 'a GPU'],
      ['G3-128-webgpu', true, 'a GPU'],
    ]);
    expect(hardware.calls).toEqual({ webgpu: new Array(8).fill(10_000), wasm: new Array(16).fill(1) });
    const software = contextOf(['webgpu'], {}, true);
    expect((await prompt.run(software.context)).map((r) => r.adapter)).toEqual(['a GPU (software)', 'a GPU (software)']);
    expect(software.calls.webgpu).toEqual([8, 8]);
  });

  it('leaves half precision and float64 out where neither was asked for by name', async () => {
    const { context, calls } = contextOf(['webgpu', 'wasm', 'reference', 'webgpu-fp16'], {}, true);
    expect((await prompt.run(context)).map((r) => r.id)).toEqual(['G3-16-webgpu', 'G3-128-webgpu', 'G3-16-wasm', 'G3-128-wasm']);
    expect(Object.keys(calls)).not.toContain('webgpu-fp16');
    expect(new Set(calls.reference)).toEqual(new Set([1]));
  });

  it('says where log-probabilities stray, single precision sooner than half', async () => {
    for (const [name, off, equal] of [
      ['webgpu', 0.01, false],
      ['webgpu-fp16', 0.01, true],
      ['webgpu-fp16', 0.1, false],
      ['webgpu', Number.NaN, false],
      ['webgpu-fp16', Number.NaN, false],
    ] as const) {
      const { context } = contextOf([name], { [name]: off }, true);
      expect((await prompt.run(context)).map((r) => r.equal)).toEqual([equal, equal]);
    }
  });

  it('measures a model itself: what prompts begin with is computed once, with the same numbers', async () => {
    const loadTiny = () => loadCausal(openSource(longTinyLlama(folder)), { backend: createReferenceBackend() });
    const { context } = contextOf(['reference']);
    const rows = await prompt.run({ ...context, loadCausal: loadTiny });
    expect(rows.map((r) => [r.id, r.equal])).toEqual([
      ['G3-16-reference', true],
      ['G3-128-reference', true],
    ]);
    for (const { details } of rows) {
      expect(details.maxLogProbDifference).toBeLessThan(1e-9);
      expect(details.tokensComputed).toBeGreaterThan(0);
      expect(details.tokensComputed).toBeLessThan(details.tokens as number);
    }
  });

  it('needs a model, of a tokenizer that has the words', async () => {
    const { context } = contextOf(['wasm']);
    expect(await rejectedBy(prompt.run({ ...context, loadCausal: undefined }))).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/expected --model FILE, got none/),
    });
    const mute = causalOf(honest, { maxTokens: 2000 });
    const encode = (text: string) => mute.tokenizer.encode(text === 'France' ? '' : text);
    const loadMute = async () => ({ ...mute, tokenizer: { ...mute.tokenizer, encode } });
    expect(await rejectedBy(prompt.run({ ...context, loadCausal: loadMute }))).toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(/expected a tokenizer that gives 16 words and an answer, got 16 words and 0 tokens/),
    });
  });
});
