import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../../src/compute/webgpu/backend.ts';
import { continuationOf } from '../../../src/lens/text/continuation.ts';
import { loadCausal } from '../../../src/model/causal/load.ts';
import type { CausalModel } from '../../../src/model/model.ts';
import { openSource } from '../../../src/model/source.ts';
import { excess } from '../../compute/support.ts';
import { watchedGpu } from '../../compute/watched-gpu.ts';
import { hasModel } from './known-models.ts';
import { scored } from './support.ts';

/** Thirty layers in float32 on both sides, sums in another order: 3e-5 apart in November 2026. */
const FLOAT32 = { absolute: 2e-4, relative: 0 };

const MOST_GPU_BYTES = 350e6;
const FOLDER = new URL('../../../../shared/models/smollm2/', import.meta.url);

interface Asked {
  readonly prompt: string;
  readonly continuation: string;
  readonly ids: readonly number[];
  readonly added: readonly number[];
  readonly text: string;
  readonly logProbs: readonly number[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/smollm2.json', import.meta.url), 'utf8')) as {
  file: string;
  greedy: readonly Asked[];
  continuations: readonly Asked[];
  masked: readonly Asked[];
};

describe.skipIf(!hasModel('smollm2'))('SmolLM2-135M-Instruct from its GGUF file (skipped where ../shared is absent)', () => {
  let backend: Backend;
  let model: CausalModel;
  beforeAll(async () => {
    backend = await createWasmBackend({ threads: 1 });
    model = await loadCausal(openSource(FOLDER), { backend }, golden.file);
  });
  afterAll(() => {
    model?.destroy();
    backend?.destroy();
  });

  const ask = (rows: readonly Asked[]) =>
    model.score(
      scored(
        rows.map(({ ids, added }) => [...ids, ...added]),
        rows.map(({ ids }) => ids.length),
      ),
    );

  it('reads and writes text in the tokens that PyTorch’s tokenizer does', () => {
    for (const { prompt, ids, added, text } of golden.greedy) {
      expect([...model.tokenizer.encode(prompt).ids]).toEqual(ids);
      expect(model.tokenizer.decode(added)).toBe(text);
    }
    for (const { prompt, continuation, added } of golden.continuations)
      expect([...continuationOf(model.tokenizer, prompt, continuation.trimStart()).ids]).toEqual(added);
  });

  it('finds every token of PyTorch’s greedy answers the likeliest in its place', async () => {
    expect([...(await ask(golden.greedy)).best]).toEqual(golden.greedy.flatMap(({ added }) => added));
  });

  it('gives continuations, of whole prompts and of masked ones, PyTorch’s log-probabilities', async () => {
    const rows = [...golden.continuations, ...golden.masked];
    const { logProbs } = await ask(rows);
    const want = rows.flatMap((row) => row.logProbs);
    expect(excess(logProbs, want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  });

  it('takes at most 350 MB of buffers on a GPU that wants large runs, and on one that is software, with its heads gated too', async () => {
    for (const mostTokens of [8192, 512]) {
      const bytes = { alive: 0, most: 0 };
      const gpu = watchedGpu(({ name, args, go }) => {
        const made = go();
        if (name === 'createBuffer') {
          const { size } = args[0] as GPUBufferDescriptor;
          bytes.alive += size;
          bytes.most = Math.max(bytes.most, bytes.alive);
          const buffer = made as GPUBuffer;
          const destroy = buffer.destroy.bind(buffer);
          buffer.destroy = () => {
            bytes.alive -= size;
            destroy();
          };
        }
        return made;
      });
      const webgpu = await createWebgpuBackend({ gpu, tiling: 'direct' });
      const onGpu = await loadCausal(openSource(FOLDER), { backend: { ...webgpu, limits: { ...webgpu.limits, mostTokens } } }, golden.file);
      const { layers, heads } = onGpu.components ?? expect.unreachable();
      await onGpu.score(scored([[1, 2]]), { gates: { values: new Float32Array(layers * (heads + 1)).fill(1) } });
      expect(bytes.most).toBeGreaterThan(98e6);
      expect(bytes.most).toBeLessThanOrEqual(MOST_GPU_BYTES);
      onGpu.destroy();
      expect(bytes.alive).toBe(0);
      webgpu.destroy();
    }
  }, 240_000);
});
