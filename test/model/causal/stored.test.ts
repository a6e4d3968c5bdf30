import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { toHalf } from '../../../src/compute/half.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { createRandom } from '../../../src/core/random.ts';
import { type DecoderConfig, readDecoderConfig } from '../../../src/model/causal/config.ts';
import { decoderParts, type TensorSource } from '../../../src/model/causal/parts.ts';
import { matrixOf, scaledType } from '../../../src/model/causal/stored.ts';
import { BLOCKS, checkedRows, dequantise, type GgufTensor, type GgufType } from '../../../src/model/gguf/blocks.ts';
import { PACKED_TYPES } from '../../../src/model/gguf/levels.ts';
import { letters } from '../tiny-encoder.ts';
import { scored, tinyCausal } from './support.ts';

const SIZES = { hidden: 96, vocabulary: 45, width: 64 };
/** 1/√12 times a scale is rounded, where 1/√12 times each weight was: 6e-8 each. */
const ROUNDED = 2e-6;

function llama(headSize: number, tied: boolean): DecoderConfig {
  const json = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    ...{ hidden_size: SIZES.width, intermediate_size: SIZES.hidden, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2 },
    ...{ head_dim: headSize, vocab_size: SIZES.vocabulary, max_position_embeddings: 32, rms_norm_eps: 1e-5, hidden_act: 'silu' },
    tie_word_embeddings: tied,
  };
  return readDecoderConfig(new TextEncoder().encode(JSON.stringify(json)));
}

/** Random blocks of a type, their scales and offsets (where a type has them, in its first bytes) of the size of weights. */
function randomTensor(type: GgufType, shape: readonly number[], seed: number): GgufTensor {
  const random = createRandom(seed);
  const { elements, bytes: size } = BLOCKS[type];
  const bytes = new Uint8Array((shape.reduce((a, b) => a * b, 1) / elements) * size);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += size) {
    const value = (random.uniform() - 0.5) / 4;
    if (type === 'F32') view.setFloat32(at, value, true);
    else if (type === 'BF16') view.setUint16(at, new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16, true);
    else {
      for (let i = 0; i < size; i++) bytes[at + i] = random.below(256);
      const halves = toHalf(Float32Array.of(elements === 1 ? value : value / 16, value / 2));
      view.setUint16(at, halves[0], true);
      if (type === 'Q4_1' || type === 'Q5_1') view.setUint16(at + 2, halves[1], true);
    }
  }
  return { type, shape, bytes };
}

/** Every tensor of the model in types that `typeOf` gives by name, as it is stored or as float32. */
function sourceOf(typeOf: (name: string) => GgufType, asStored: boolean): TensorSource {
  const tensors = new Map<string, GgufTensor>();
  const find = (name: string, shape: readonly number[]) => {
    const seed = [...name].reduce((a, c) => (a * 31 + c.charCodeAt(0)) % 65_521, 7);
    if (!tensors.has(name)) tensors.set(name, randomTensor(shape.length === 1 ? 'F32' : typeOf(name), shape, seed));
    return tensors.get(name) as GgufTensor;
  };
  const plain: TensorSource = { has: () => true, take: (name, shape) => dequantise(name, find(name, shape)) };
  if (!asStored) return plain;
  return {
    ...plain,
    typeOf: (name) => PACKED_TYPES[typeOf(name)],
    matrix(name, rows, columns) {
      const type = PACKED_TYPES[typeOf(name)];
      return { rows, columns, type, ...checkedRows(name, find(name, [rows, columns])) };
    },
  };
}

const MIXED = (name: string): GgufType => {
  if (/q_proj/.test(name)) return 'Q4_0';
  if (/k_proj/.test(name)) return 'Q4_1';
  if (/v_proj/.test(name)) return 'Q5_1';
  if (/gate_proj|embed/.test(name)) return 'Q8_0';
  return /up_proj/.test(name) ? 'F16' : 'Q5_0';
};

describe('weights as they are stored', () => {
  let wasm: Backend;
  beforeAll(async () => {
    wasm = await createWasmBackend({ threads: 1 });
  });
  afterAll(() => wasm.destroy());

  const scores = async (config: DecoderConfig, typeOf: (name: string) => GgufType, asStored: boolean) => {
    const info = { id: '', revision: '', sha256: '', dtype: 'f32' as const, architecture: '', labels: [], maxTokens: config.maxTokens };
    const parts = { ...decoderParts(config, () => sourceOf(typeOf, asStored)), info, tokenizer: letters };
    const model = await tinyCausal(wasm, parts);
    const asked = scored([[1, 2, 3, 4, 44], Array.from({ length: 20 }, (_, i) => (i * 7) % 45), [9, 9]]);
    const { logProbs } = await model.score(asked);
    model.destroy();
    return { logProbs, types: ['0.qkv', '0.projection', '1.up', '1.down', 'head.0'].map((name) => parts.types(`${name}.weight`)) };
  };

  it.each([
    ['Q4_1', ['q4', 'q4', 'q4', 'q4', 'q4']],
    ['Q8_0', ['q8', 'q8', 'q8', 'q8', 'q8']],
    ['BF16', ['bf16', 'bf16', 'bf16', 'bf16', 'bf16']],
    ['F16', ['f32', 'f16', 'f16', 'f16', 'f16']],
    ['F32', ['f32', 'f32', 'f32', 'f32', 'f32']],
    ['mixed', ['q8', 'q8', 'f32', 'q8', 'q8']],
  ] as const)('of %s lie in memory as %j and give the scores of float32, bit for bit', async (type, types) => {
    for (const tied of [true, false]) {
      const typeOf = type === 'mixed' ? MIXED : () => type;
      const stored = await scores(llama(16, tied), typeOf, true);
      expect(stored.types).toEqual(tied || type !== 'mixed' ? types : [...types.slice(0, 4), 'q8']);
      expect(stored.logProbs).toEqual((await scores(llama(16, tied), typeOf, false)).logProbs);
    }
  });

  it('give the scores of float32 where heads are padded, and where 1/√(head size) is no power of two', async () => {
    const [stored, plain] = [await scores(llama(24, true), () => 'Q4_1', true), await scores(llama(24, true), () => 'Q4_1', false)];
    expect(stored.types).toEqual(['q4', 'q4', 'q4', 'q4', 'q4']);
    stored.logProbs.forEach((value, i) => {
      expect(Math.abs(value - plain.logProbs[i])).toBeLessThanOrEqual(ROUNDED);
    });
    const padded = await scores(llama(12, true), (name) => (/o_proj/.test(name) ? 'BF16' : 'Q8_0'), true);
    expect(padded.types[1]).toBe('bf16');
  });

  it('multiplied by 1/√(head size) stay as they are stored only where that costs no digit', () => {
    expect([scaledType('f16', 1 / 8), scaledType('bf16', 1 / 8), scaledType('bf16', 1 / Math.sqrt(12))]).toEqual(['f32', 'bf16', 'f32']);
    expect([scaledType('q4', 1 / Math.sqrt(12)), scaledType('f16', 1)]).toEqual(['q4', 'f16']);
  });

  it('that are not finite are refused by name, tied or not', async () => {
    for (const tied of [true, false]) {
      const source = sourceOf(() => 'Q4_1', true);
      const broken: TensorSource = {
        ...source,
        matrix(name, rows, columns, inputsFirst) {
          const matrix = source.matrix?.(name, rows, columns, inputsFirst) ?? matrixOf(new Float32Array(0), 0, 0);
          if (!/embed/.test(name)) return matrix;
          const tensor = randomTensor('Q4_1', [rows, columns], 1);
          tensor.bytes[20 * 5 + 1] = 0x7c;
          return { ...matrix, ...checkedRows(name, tensor) };
        },
      };
      const load = () => decoderParts(llama(16, tied), () => broken).weights();
      expect(load).toThrow(/embed_tokens.weight: expected finite weights, got .* at element 160/);
    }
  });
});
