import { type Fields, isNone, refuse, size, unsupportedBy } from '../config.ts';
import { parseObject, shown } from '../json.ts';
import type { Biased, DecoderArchitecture } from './architecture.ts';
import { DECODERS } from './architectures.ts';
import type { DecoderSizes } from './decoder.ts';
import { type Rope, readRope } from './rope.ts';

/** The configuration of a supported causal language model, checked. */
export interface DecoderConfig {
  readonly architecture: DecoderArchitecture;
  readonly sizes: DecoderSizes;
  readonly bias: { readonly qkv: boolean; readonly projection: boolean; readonly mlp: boolean };
  /** The head is the word embeddings. */
  readonly tied: boolean;
  /** Null where positions are learned. */
  readonly rope: Rope | null;
  /** Rows of a learned position table. */
  readonly positions: number;
  /** Longest text whose tokens all see each other. */
  readonly maxTokens: number;
  /** The token that a text begins with, where there is one. */
  readonly begin: number | null;
  /** Tokens that end an answer. */
  readonly ends: readonly number[];
}

const ACTIVATIONS: ReadonlyMap<unknown, DecoderSizes['activation']> = new Map([
  ['gelu', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
  ['relu', 'relu'],
  ['silu', 'silu'],
  ['swish', 'silu'],
]);

/** Keys that change the arithmetic, with the values beside none that leave it as it is here. */
const HARMLESS: Readonly<Record<string, readonly unknown[]>> = {
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  quantization_config: [],
  pruned_heads: [],
  auto_map: [],
  partial_rotary_factor: [1],
  scale_attn_weights: [true],
  scale_attn_by_inverse_layer_idx: [false],
  attn_logit_softcapping: [],
  final_logit_softcapping: [],
  logit_scale: [1],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  attention_multiplier: [],
  logits_scaling: [1],
  use_mrope: [false],
  no_rope_layers: [],
};

const SUPPORTED = DECODERS.map((a) => a.name).join(', ');
const unsupported: (what: string) => never = unsupportedBy(SUPPORTED);

/** Whether a config.json is of a causal language model that is known by name; says nothing about whether it can be run. */
export function isDecoderConfig(bytes: Uint8Array): boolean {
  const { architectures } = parseObject(bytes, 'config.json');
  return Array.isArray(architectures) && architectures.some((name) => typeof name === 'string' && /(ForCausalLM|LMHeadModel)$/.test(name));
}

function findArchitecture(json: Fields): DecoderArchitecture {
  const found = DECODERS.find((a) => a.modelType === json.model_type);
  if (!found) unsupported(`model_type: expected ${DECODERS.map((a) => a.modelType).join(', ')}, got ${shown(json.model_type)}`);
  if (!Array.isArray(json.architectures) || !json.architectures.includes(found.name))
    unsupported(`architectures: expected ${found.name}, got ${shown(json.architectures)}`);
  return found;
}

function checkSupported(json: Fields): void {
  for (const [key, allowed] of Object.entries(HARMLESS))
    if (!isNone(json[key]) && !allowed.includes(json[key]))
      unsupported(`${key}: expected ${allowed.length > 0 ? allowed.join(' or ') : 'none'}, got ${shown(json[key])}`);
}

function flag(json: Fields, key: string, otherwise: boolean): boolean {
  const value = json[key] ?? otherwise;
  if (typeof value !== 'boolean') refuse(`${key}: expected true or false, got ${shown(value)}`);
  return value;
}

function biased(json: Fields, given: Biased): boolean {
  return typeof given === 'boolean' ? given : flag(json, given, false);
}

/** The positions there are, or the window where that is narrower: a text within it is seen whole by every token. */
function readLongest(json: Fields, { window }: DecoderArchitecture, positions: number): number {
  if (!window || isNone(json[window.key]) || (window.unless !== null && !flag(json, window.unless, false))) return positions;
  return Math.min(positions, size(json, window.key, 10_000_000));
}

/** Small models keep the id that a larger vocabulary had: it is none of theirs. */
function readBegin({ bos_token_id: id }: Fields, vocabulary: number): number | null {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabulary ? id : null;
}

function readEnds(json: Fields): number[] {
  const given = json.eos_token_id ?? [];
  const ends = Array.isArray(given) ? given : [given];
  if (!ends.every((id): id is number => Number.isInteger(id) && id >= 0)) refuse(`eos_token_id: expected token ids, got ${shown(given)}`);
  return ends;
}

function readSizes(json: Fields, { keys, norm, names }: DecoderArchitecture): DecoderSizes {
  const width = size(json, keys.width, 65_536);
  const heads = size(json, keys.heads, 4096);
  const keyHeads = keys.keyHeads === null || isNone(json[keys.keyHeads]) ? heads : size(json, keys.keyHeads, heads);
  if (heads % keyHeads !== 0) refuse(`${keys.keyHeads}: expected a divisor of ${keys.heads} ${heads}, got ${keyHeads}`);
  const hasSize = keys.headSize !== null && !isNone(json[keys.headSize]);
  if (!hasSize && width % heads !== 0) refuse(`${keys.heads}: expected a divisor of ${keys.width} ${width}, got ${heads}`);
  const headSize = hasSize ? size(json, keys.headSize as string, 4096) : width / heads;
  const { position, layer } = names('');
  const rotary = position === null;
  if (rotary && headSize % 2 !== 0) refuse(`${keys.headSize}: expected an even number, got ${headSize}`);
  const activation = ACTIVATIONS.get(json[keys.activation]);
  if (!activation) unsupported(`${keys.activation}: expected ${[...ACTIVATIONS.keys()].join(', ')}, got ${shown(json[keys.activation])}`);
  const epsilon = json[keys.epsilon];
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon <= 1))
    refuse(`${keys.epsilon}: expected a number above 0 and at most 1, got ${shown(epsilon)}`);
  return {
    layers: size(json, keys.layers, 1024),
    width,
    heads,
    keyHeads,
    headSize,
    // GPT-2 leaves it out where it is four times the width.
    hidden: isNone(json[keys.hidden]) && keys.hidden === 'n_inner' ? 4 * width : size(json, keys.hidden, 1_048_576),
    activation,
    gated: layer(0).gate !== null,
    norm,
    epsilon,
    rotary,
    headNorm: layer(0).headNorm !== null,
    vocabulary: size(json, 'vocab_size', 10_000_000),
  };
}

/** Reads config.json. @throws bad-file for nonsense, unsupported-model naming the key for another architecture or other arithmetic. */
export function readDecoderConfig(bytes: Uint8Array): DecoderConfig {
  return decoderConfig(parseObject(bytes, 'config.json'));
}

/** As `readDecoderConfig`, of what a config.json says. */
export function decoderConfig(json: Fields): DecoderConfig {
  const architecture = findArchitecture(json);
  checkSupported(json);
  const sizes = readSizes(json, architecture);
  const positions = size(json, architecture.keys.positions, 100_000_000);
  const { qkv, projection, mlp } = architecture.bias;
  return {
    architecture,
    sizes,
    bias: { qkv: biased(json, qkv), projection: biased(json, projection), mlp: biased(json, mlp) },
    tied: flag(json, 'tie_word_embeddings', architecture.tied),
    rope: sizes.rotary ? readRope(json, sizes.headSize, unsupported) : null,
    positions,
    maxTokens: readLongest(json, architecture, positions),
    begin: readBegin(json, sizes.vocabulary),
    ends: readEnds(json),
  };
}
