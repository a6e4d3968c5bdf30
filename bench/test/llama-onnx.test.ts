import { readFileSync } from 'node:fs';
import * as web from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import type { DecoderConfig } from '../../src/model/causal/config.ts';
import type { Storage } from '../../src/model/causal/weights.ts';
import { readSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { golden, tinyConfig } from '../../test/model/causal/support.ts';
import { type CausalPeer, createCausalPeer, type Scored } from '../src/causal-peer.ts';
import { farthest } from '../src/contest.ts';
import { llamaOnnx } from '../src/llama-onnx.ts';
import { ON_WASM, useOneThread } from './one-thread.ts';

/** Float32 in onnxruntime against PyTorch. */
const LOG_PROB = 1e-4;

const GOLDEN = new URL('../../test/model/golden/tiny-decoders/', import.meta.url);
const rows = (folder: string): Scored[] => golden[folder].rows.map(({ ids }) => ({ ids: Uint32Array.from(ids), from: 1 }));
const wanted = (folder: string, from = 1) => Float32Array.from(golden[folder].rows.flatMap(({ logProbs }) => logProbs.slice(from - 1)));

function tensorsOf(folder: string) {
  const stored = readSafetensors(readFileSync(new URL(`${folder}/model.safetensors`, GOLDEN)));
  return {
    has: (name: string) => stored.has(name),
    take(name: string) {
      const tensor = stored.get(name);
      if (!tensor) throw new Error(`${name}: no such tensor`);
      return toFloat32(name, tensor);
    },
  };
}

/** Rows of query and key heads in the order of llama.cpp's files, which turn neighbours. */
function asNeighbours({ has, take }: ReturnType<typeof tensorsOf>, { sizes }: DecoderConfig): ReturnType<typeof tensorsOf> {
  const { headSize } = sizes;
  return {
    has,
    take(name) {
      const values = take(name);
      const rotary = /\.(q|k)_proj\.(weight|bias)$/.exec(name);
      if (!rotary) return values;
      const width = rotary[2] === 'bias' ? 1 : sizes.width;
      const out = new Float32Array(values.length);
      for (let row = 0; row < values.length / width; row++) {
        const [head, i] = [Math.floor(row / headSize), row % headSize];
        const from = head * headSize + (i % 2) * (headSize / 2) + Math.floor(i / 2);
        out.set(values.subarray(from * width, (from + 1) * width), row * width);
      }
      return out;
    },
  };
}

const keep = useOneThread<CausalPeer>();
async function open(folder: string, pairing: Storage['pairing'] = 'halves'): Promise<CausalPeer> {
  const config = tinyConfig(folder);
  const tensors = tensorsOf(folder);
  const model = llamaOnnx(config, pairing === 'halves' ? tensors : asNeighbours(tensors, config), pairing);
  return keep(await createCausalPeer(web, model, config.sizes, ON_WASM));
}

describe('a causal model of the Llama family as ONNX', () => {
  it.each(['llama', 'mistral', 'qwen2'])('gives PyTorch’s log-probabilities in onnxruntime, padded in one batch (%s)', async (folder) => {
    const peer = await open(folder);
    expect(farthest(await peer.logProbs(rows(folder)), wanted(folder))).toBeLessThan(LOG_PROB);
    expect(farthest(await peer.logProbs(rows(folder), { everywhere: true }), wanted(folder))).toBeLessThan(LOG_PROB);
  });

  it('gives them too where rotations turn neighbours, as in GGUF files', async () => {
    const peer = await open('llama', 'neighbours');
    expect(farthest(await peer.logProbs(rows('llama')), wanted('llama'))).toBeLessThan(LOG_PROB);
  });

  it('gives them behind a beginning that was read before', async () => {
    const peer = await open('llama');
    for (const [r, row] of rows('llama').entries()) {
      const begun = Math.floor(row.ids.length / 2);
      const past = await peer.begin(row.ids.subarray(0, begun));
      // The beginning is shared by a batch: once whole, once shorter by a token.
      const batch = [row, { ids: row.ids.subarray(0, -1), from: 1 }].map((text) => ({ ...text, from: begun + 1 }));
      const want = golden.llama.rows[r].logProbs.slice(begun);
      expect(farthest(await peer.logProbs(batch, { past }), Float32Array.from([...want, ...want.slice(0, -1)]))).toBeLessThan(LOG_PROB);
    }
  });

  it('is refused for one with norms of heads', () => {
    expect(() => llamaOnnx(tinyConfig('qwen3'), tensorsOf('qwen3'))).toThrow('Qwen3ForCausalLM');
  });
});
