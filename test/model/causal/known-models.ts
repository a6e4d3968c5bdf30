import { existsSync, readFileSync } from 'node:fs';
import type { Backend } from '../../../src/compute/backend.ts';
import { createCausal } from '../../../src/model/causal/causal.ts';
import { readDecoderConfig } from '../../../src/model/causal/config.ts';
import { decoderParts, type TensorSource } from '../../../src/model/causal/parts.ts';
import type { CausalModel } from '../../../src/model/model.ts';
import { letters } from '../tiny-encoder.ts';

const MODELS = new URL('../../../../shared/models/', import.meta.url);
export const hasModel = (name: string) => existsSync(new URL(`${name}/`, MODELS));
const bytesOf = (path: string) => readFileSync(new URL(path, MODELS));

const configOf = (json: object) => readDecoderConfig(new TextEncoder().encode(JSON.stringify(json)));

function sourceOf(tensors: ReadonlyMap<string, Float32Array>): TensorSource {
  return {
    has: (name) => tensors.has(name),
    take(name, shape) {
      const values = tensors.get(name);
      if (values?.length !== shape.reduce((a, b) => a * b, 1)) throw new Error(`${name}: no tensor of shape ${shape}`);
      return values;
    },
  };
}

function infoOf(id: string, maxTokens: number) {
  return { id, revision: '', sha256: '', dtype: 'f32' as const, architecture: id, labels: [], maxTokens };
}

type Stored = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: string }>>;

function floats(stored: Stored): Map<string, Float32Array> {
  const out = new Map<string, Float32Array>();
  for (const [name, value] of Object.entries(stored)) {
    if (typeof value.data !== 'string') continue;
    const bytes = Buffer.from(value.data, 'base64');
    const [rows, columns] = value.shape;
    // minGPT's linear maps are stored outputs first, GPT-2's inputs first.
    const turned = /\.c_\w+\.weight$/.test(name);
    const at = (i: number) => (turned ? (i % rows) * columns + Math.floor(i / rows) : i);
    out.set(
      name,
      Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * at(i))),
    );
  }
  return out;
}

/** minGPT's gpt-nano, which sorts six of three letters, and every activation of it for three inputs. */
export function readGptNano() {
  const json = JSON.parse(bytesOf('gpt-nano-sort/gpt-nano-sort-model.json').toString()) as Stored & { config: Record<string, number> };
  const { n_layer, n_head, n_embd, vocab_size, block_size } = json.config;
  const config = configOf({
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    ...{ n_layer, n_head, n_embd, vocab_size, n_positions: block_size },
    activation_function: 'gelu_new',
    layer_norm_epsilon: 1e-5,
    tie_word_embeddings: false,
  });
  const tensors = floats(json);
  const partials = floats(JSON.parse(bytesOf('gpt-nano-sort/gpt-nano-sort-t0-partials.json').toString()) as Stored);
  return {
    parts: { ...decoderParts(config, () => sourceOf(tensors)), info: infoOf('gpt-nano', block_size), tokenizer: letters },
    tensors,
    partials,
  };
}

/** llama2.c's stories260K: seven numbers, then float32 weights; and the pieces of its vocabulary. */
export async function openStories(backend: Backend): Promise<{ model: CausalModel; pieces: string[] }> {
  const file = bytesOf('stories260K/stories260K.bin');
  const [width, hidden, layers, heads, keyHeads, vocabulary, positions] = Array.from({ length: 7 }, (_, i) => file.readInt32LE(4 * i));
  const config = configOf({
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    ...{ hidden_size: width, intermediate_size: hidden, num_hidden_layers: layers, num_attention_heads: heads, vocab_size: vocabulary },
    ...{ num_key_value_heads: keyHeads, max_position_embeddings: positions, rms_norm_eps: 1e-5, hidden_act: 'silu', eos_token_id: 1 },
    tie_word_embeddings: true,
  });
  const tensors = new Map<string, Float32Array>();
  let at = 28;
  const read = (length: number) => {
    const values = Float32Array.from({ length }, (_, i) => file.readFloatLE(at + 4 * i));
    at += 4 * length;
    return values;
  };
  const each = (name: string, length: number) => {
    for (let layer = 0; layer < layers; layer++) tensors.set(`model.layers.${layer}.${name}.weight`, read(length));
  };
  const keys = (width / heads) * keyHeads;
  tensors.set('model.embed_tokens.weight', read(vocabulary * width));
  each('input_layernorm', width);
  each('self_attn.q_proj', width * width);
  each('self_attn.k_proj', width * keys);
  each('self_attn.v_proj', width * keys);
  each('self_attn.o_proj', width * width);
  each('post_attention_layernorm', width);
  each('mlp.gate_proj', width * hidden);
  each('mlp.down_proj', width * hidden);
  each('mlp.up_proj', width * hidden);
  tensors.set('model.norm.weight', read(width));
  const parts = {
    ...decoderParts(config, () => sourceOf(tensors), 'neighbours'),
    info: infoOf('stories260K', positions),
    tokenizer: letters,
  };
  const model = await createCausal(parts, backend);
  return { model, pieces: readPieces(bytesOf('stories260K/tok512.bin'), vocabulary) };
}

function readPieces(file: Buffer, count: number): string[] {
  let at = 4;
  return Array.from({ length: count }, () => {
    const length = file.readInt32LE(at + 4);
    at += 8 + length;
    return file.toString('utf8', at - length, at);
  });
}

/** The story that stories260K.md has for temperature 0. */
export function greedyStory(): string {
  const text = bytesOf('stories260K/stories260K.md').toString();
  return text.slice(text.indexOf('Once upon a time'), text.indexOf('```\n\nYou can reproduce')).trimEnd();
}
