import { oneLine, shown } from '../json.ts';
import { dequantise, type GgufTensor } from './blocks.ts';
import { type GgufValue, refuse } from './cursor.ts';
import { list, type Metadata, name, unsupported, wholeNumber } from './fields.ts';
import { renamed, TABLES } from './names.ts';
import type { Gguf } from './read.ts';

/** The model in a GGUF file as transformers would describe it. */
export interface GgufModel {
  /** What config.json would say. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Which channels of a query or key head are turned together: neighbours, or one from each half. */
  readonly pairing: 'neighbours' | 'halves';
  /** Tensors by the names that transformers gives them. */
  readonly tensors: ReadonlyMap<string, GgufModelTensor>;
}

export interface GgufModelTensor {
  /** Shape as transformers has it. */
  readonly shape: readonly number[];
  /** The blocks as stored; where `turned`, their rows are this tensor's columns. */
  readonly stored: GgufTensor;
  readonly turned: boolean;
  /** The elements as float32, in this shape. @throws bad-file where one is NaN or infinite. */
  read(): Float32Array;
}

const NAMES: Readonly<Record<string, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
  gpt2: 'GPT2LMHeadModel',
  bert: 'BertModel',
};

/** Keys of the arithmetic that have no place in the configuration below, with the values that leave it as it is. */
const HARMLESS: Readonly<Record<string, readonly GgufValue[]>> = {
  expert_count: [0],
  'rope.scaling.type': ['none', 'linear'],
  'attention.sliding_window': [0],
  logit_scale: [1],
  attn_logit_softcapping: [0],
  final_logit_softcapping: [0],
  embedding_scale: [1],
  residual_scale: [1],
};

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  return out;
}

function modelTensor(full: string, stored: GgufTensor, turned: boolean): GgufModelTensor {
  const shape = turned ? [...stored.shape].reverse() : stored.shape;
  return {
    shape,
    stored,
    turned,
    read: () => (turned ? transposed(dequantise(full, stored), stored.shape[0], stored.shape[1]) : dequantise(full, stored)),
  };
}

/** What each pair of channels turns slower by, as Llama 3's converter writes it; it belongs to the configuration. */
const FACTORS = 'rope_freqs.weight';

function modelTensors(architecture: string, tensors: ReadonlyMap<string, GgufTensor>): Map<string, GgufModelTensor> {
  const out = new Map<string, GgufModelTensor>();
  for (const [given, stored] of tensors) {
    if (given === FACTORS && architecture !== 'gpt2') continue;
    const found = renamed(architecture, given);
    if (!found)
      unsupported(`tensor ${oneLine(given, 200)}: expected the tensors of ${NAMES[architecture]}, got another; use a file without it`);
    if (found.turned && stored.shape.length !== 2) refuse(`tensor ${oneLine(given, 200)}: expected a matrix, got ${shown(stored.shape)}`);
    out.set(found.name, modelTensor(found.name, stored, found.turned));
  }
  return out;
}

function numberOf(metadata: Metadata, key: string): number | undefined {
  const value = metadata.get(key);
  if (value !== undefined && typeof value !== 'number') refuse(`${key}: expected a number, got ${shown(value)}`);
  return value;
}

/** A float32 of the file as the decimal it was made from: 1e-5 is stored as 9.999999747378752e-06. */
function shortest(value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function checkSupported(metadata: Metadata, architecture: string): void {
  const causal: Readonly<Record<string, readonly GgufValue[]>> = { 'attention.causal': [architecture !== 'bert'] };
  for (const [key, allowed] of Object.entries({ ...HARMLESS, ...causal })) {
    const value = metadata.get(`${architecture}.${key}`);
    if (value !== undefined && !allowed.includes(value))
      unsupported(`${architecture}.${key}: expected ${allowed.join(' or ')}, got ${shown(value)}; use another model`);
  }
}

function ropeOf({ metadata, tensors }: Gguf, architecture: string): Record<string, unknown> {
  const rope_theta = shortest(numberOf(metadata, `${architecture}.rope.freq_base`)) ?? 10_000;
  const factors = tensors.get(FACTORS);
  if (factors) return { rope_theta, rope_type: 'factors', factors: [...dequantise(FACTORS, factors)] };
  if (metadata.get(`${architecture}.rope.scaling.type`) !== 'linear') return { rope_theta, rope_type: 'default' };
  return { rope_theta, rope_type: 'linear', factor: numberOf(metadata, `${architecture}.rope.scaling.factor`) };
}

/**
 * What stands on an encoder: a classifier, where both of its linear maps are there, or nothing. Converters leave out the pooler of a BERT's
 * classifier, whose second map then stands alone and means nothing.
 */
export function standsOn(tensors: ReadonlyMap<string, unknown>): 'classifier' | 'plain' {
  return tensors.has('cls.weight') && tensors.has('cls.output.weight') ? 'classifier' : 'plain';
}

/** Labels by number as config.json has them, LABEL_0 and so on where the file does not say. @throws bad-file. */
function labelsOf(metadata: Metadata, key: string, output: GgufTensor | undefined): Record<string, string> {
  const count = output?.shape[0] ?? 0;
  const labels = metadata.has(key) ? list(metadata, key, 'string', count) : Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  return Object.fromEntries(labels.map((label, i) => [String(i), label]));
}

function configOf({ metadata, tensors }: Gguf, architecture: string): Record<string, unknown> {
  const key = (part: string) => `${architecture}.${part}`;
  const whole = (part: string) => wholeNumber(metadata, key(part)) ?? refuse(`${key(part)}: expected a whole number, got none`);
  const width = whole('embedding_length');
  const heads = whole('attention.head_count');
  const shared = {
    model_type: architecture,
    architectures: [NAMES[architecture]],
    vocab_size: tensors.get('token_embd.weight')?.shape[0] ?? refuse('tensor token_embd.weight: expected it among the tensors, got none'),
    tie_word_embeddings: !tensors.has('output.weight'),
    eos_token_id: wholeNumber(metadata, 'tokenizer.ggml.eos_token_id') ?? undefined,
  };
  if (architecture === 'bert') {
    const stands = standsOn(tensors);
    return {
      ...shared,
      architectures: [stands === 'classifier' ? 'BertForSequenceClassification' : NAMES.bert],
      num_hidden_layers: whole('block_count'),
      hidden_size: width,
      num_attention_heads: heads,
      intermediate_size: whole('feed_forward_length'),
      max_position_embeddings: whole('context_length'),
      type_vocab_size: tensors.get('token_types.weight')?.shape[0],
      // A file does not say which; published models all have this one.
      hidden_act: 'gelu',
      layer_norm_eps: shortest(numberOf(metadata, key('attention.layer_norm_epsilon'))),
      ...(stands === 'classifier' && { id2label: labelsOf(metadata, key('classifier.output_labels'), tensors.get('cls.output.weight')) }),
    };
  }
  if (architecture === 'gpt2')
    return {
      ...shared,
      n_layer: whole('block_count'),
      n_embd: width,
      n_head: heads,
      n_inner: whole('feed_forward_length'),
      n_positions: whole('context_length'),
      activation_function: 'gelu_new',
      layer_norm_epsilon: shortest(numberOf(metadata, key('attention.layer_norm_epsilon'))),
    };
  const headSize = wholeNumber(metadata, key('attention.key_length')) ?? width / heads;
  const turned = wholeNumber(metadata, key('rope.dimension_count')) ?? headSize;
  if (turned !== headSize)
    unsupported(`${key('rope.dimension_count')}: expected the ${headSize} of a head, got ${turned}; use another model`);
  return {
    ...shared,
    num_hidden_layers: whole('block_count'),
    hidden_size: width,
    num_attention_heads: heads,
    num_key_value_heads: wholeNumber(metadata, key('attention.head_count_kv')) ?? heads,
    head_dim: headSize,
    intermediate_size: whole('feed_forward_length'),
    max_position_embeddings: whole('context_length'),
    hidden_act: 'silu',
    rms_norm_eps: shortest(numberOf(metadata, key('attention.layer_norm_rms_epsilon'))),
    rope_parameters: ropeOf({ metadata, tensors }, architecture),
    attention_bias: [...tensors.keys()].some((t) => /^blk\.\d+\.attn_(q|k|v|output)\.bias$/.test(t)),
    mlp_bias: [...tensors.keys()].some((t) => /^blk\.\d+\.ffn_(gate|up|down)\.bias$/.test(t)),
  };
}

/**
 * A causal language model or a BERT of a GGUF file under transformers' names. Llama's query and key rows lie in llama.cpp's order, which turns
 * neighbouring channels together. @throws bad-file; unsupported-model naming the key or tensor.
 */
export function ggufModel(gguf: Gguf): GgufModel {
  const architecture = name(gguf.metadata, 'general.architecture');
  if (!Object.hasOwn(TABLES, architecture))
    unsupported(`general.architecture: expected ${Object.keys(TABLES).join(', ')}, got ${shown(architecture)}; use a model of these`);
  checkSupported(gguf.metadata, architecture);
  return {
    config: configOf(gguf, architecture),
    pairing: architecture === 'llama' ? 'neighbours' : 'halves',
    tensors: modelTensors(architecture, gguf.tensors),
  };
}
