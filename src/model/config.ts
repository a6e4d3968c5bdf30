import { WebspexError } from '../core/errors.ts';
import { ARCHITECTURES } from './architectures/all.ts';
import type { Architecture, ConfigKeys, HeadKind } from './architectures/architecture.ts';
import { BERT_KEYS } from './architectures/bert.ts';
import { DECODERS } from './causal/architectures.ts';
import { oneLine, parseObject, shown } from './json.ts';
import type { Positions } from './planner.ts';

/** The configuration of a supported architecture, checked. */
export interface EncoderConfig {
  readonly architecture: Architecture;
  readonly kind: HeadKind;
  readonly layers: number;
  readonly width: number;
  readonly embeddingWidth: number;
  readonly heads: number;
  /** Width of the MLP. */
  readonly hidden: number;
  readonly activation: 'gelu' | 'gelu-tanh' | 'relu';
  readonly epsilon: number;
  readonly vocabularySize: number;
  /** Rows of the position table, and which of them the tokens of a text take. */
  readonly positions: number;
  readonly places: Positions;
  /** 0 where the model knows no token types. */
  readonly types: number;
  /** Of a classifier. */
  readonly labels: readonly string[];
  /** Whether words are told by the table that they are embedded with. */
  readonly tied: boolean;
}

/** A config.json as parsed. */
export type Fields = Readonly<Record<string, unknown>>;

const ACTIVATIONS: ReadonlyMap<unknown, EncoderConfig['activation']> = new Map([
  ['gelu', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
  ['relu', 'relu'],
]);

const DECODER_NAMES = DECODERS.map((a) => a.name).join(', ');
const named = (kind: HeadKind) => ARCHITECTURES.map((a) => a.classes[kind]).join(', ');
const SUPPORTED = `${named('classifier')}, ${named('words')}, ${named('plain')}, with absolute positions; for text generation ${DECODER_NAMES}`;

const MOST_LABELS = 100_000;
const MOST_TOKENS = 10_000_000;
const MOST_WIDTH = 65_536;

/** Keys that change the arithmetic, with the values beside none that leave it as it is here. */
const HARMLESS: Readonly<Record<string, readonly unknown[]>> = {
  position_embedding_type: ['absolute'],
  is_decoder: [false],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  cross_attention_hidden_size: [],
  problem_type: ['single_label_classification', 'multi_label_classification'],
  quantization_config: [],
  pruned_heads: [],
  alibi_starting_size: [],
  // Code of the model's own, which may compute anything.
  auto_map: [],
};

export function refuse(what: string): never {
  throw new WebspexError('bad-file', `config.json: ${what}; check the model folder`);
}

/** Refuses what is not `supported`, by name. */
export function unsupportedBy(supported: string): (what: string) => never {
  return (what) => {
    throw new WebspexError('unsupported-model', `config.json: ${what}; supported: ${supported}`);
  };
}

const unsupported: (what: string) => never = unsupportedBy(SUPPORTED);

export function isNone(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** A whole number of the file. @throws bad-file. */
export function size(json: Fields, key: string, most: number, least = 1): number {
  const value = json[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    refuse(`${key}: expected a whole number from ${least} to ${most}, got ${shown(value)}`);
  return value;
}

function readLabels(json: Fields): string[] {
  const named = json.id2label;
  if (isNone(named)) {
    const count = json.num_labels === undefined ? 2 : size(json, 'num_labels', MOST_LABELS);
    return Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  }
  if (typeof named !== 'object' || named === null) refuse(`id2label: expected an object, got ${shown(named)}`);
  const count = Object.keys(named).length;
  if (count > MOST_LABELS) refuse(`id2label: expected at most ${MOST_LABELS} labels, got ${count}`);
  return Array.from({ length: count }, (_, i) => {
    const label: unknown = Object.hasOwn(named, String(i)) ? Reflect.get(named, String(i)) : undefined;
    if (typeof label !== 'string') refuse(`id2label: expected a name for label ${i}, got ${shown(label)}`);
    return label;
  });
}

function findArchitecture(json: Fields, kinds: readonly HeadKind[]): { architecture: Architecture; kind: HeadKind } {
  const types = ARCHITECTURES.map((a) => a.modelType);
  const found = ARCHITECTURES.find((a) => a.modelType === json.model_type);
  if (!found) unsupported(`model_type: expected ${types.join(', ')}, got ${shown(json.model_type)}`);
  const kind = kinds.find((k) => namesClass(json, found.classes[k]));
  if (kind === undefined)
    unsupported(`architectures: expected ${kinds.map((k) => found.classes[k]).join(' or ')}, got ${shown(json.architectures)}`);
  return { architecture: found, kind };
}

function namesClass({ architectures }: Fields, name: string): boolean {
  return Array.isArray(architectures) && architectures.includes(name);
}

/** What stands on the encoder that a config.json names; null where it is none that is known. @throws bad-file. */
export function headKindOf(bytes: Uint8Array): HeadKind | null {
  const json = parseObject(bytes, 'config.json');
  const classes = ARCHITECTURES.find((a) => a.modelType === json.model_type)?.classes;
  const kinds = classes === undefined ? [] : (Object.keys(classes) as HeadKind[]);
  return kinds.find((kind) => namesClass(json, classes?.[kind] ?? '')) ?? null;
}

function checkSupported(json: Fields, { keys }: Architecture): void {
  for (const [key, allowed] of Object.entries(HARMLESS))
    if (!isNone(json[key]) && !allowed.includes(json[key]))
      unsupported(`${key}: expected ${allowed.length > 0 ? allowed.join(' or ') : 'none'}, got ${shown(json[key])}`);
  if (keys.embeddingWidth === null && !isNone(json.embedding_size))
    unsupported(`embedding_size: expected none, got ${shown(json.embedding_size)}`);
  // transformers takes BERT's names too, and the last one given wins.
  for (const [what, usual] of Object.entries(BERT_KEYS) as [keyof ConfigKeys, string | null][]) {
    const own = keys[what];
    if (usual !== null && own !== null && usual !== own && !isNone(json[usual]) && json[usual] !== json[own])
      unsupported(`${usual}: expected none or the ${shown(json[own])} of ${own}, got ${shown(json[usual])}`);
  }
}

function readActivation(json: Fields, key: string): EncoderConfig['activation'] {
  if (json[key] === undefined) refuse(`${key}: expected the name of an activation, got none`);
  const activation = ACTIVATIONS.get(json[key]);
  if (!activation) unsupported(`${key}: expected ${[...ACTIVATIONS.keys()].join(', ')}, got ${shown(json[key])}`);
  return activation;
}

function readEpsilon(json: Fields, key: string | null): number {
  const epsilon = (key === null ? null : json[key]) ?? 1e-12;
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon <= 1))
    refuse(`${key}: expected a number above 0 and at most 1, got ${shown(epsilon)}`);
  return epsilon;
}

/** Where positions are numbered after the padding token, its id says from where; 1 where the file is silent, as in transformers. */
function readPlaces(json: Fields, { positionsAfterPad }: Architecture, vocabulary: number, positions: number): Positions {
  if (!positionsAfterPad) return { first: 0, pad: null };
  const pad = json.pad_token_id === undefined ? 1 : size(json, 'pad_token_id', vocabulary - 1, 0);
  if (pad + 1 >= positions) refuse(`max_position_embeddings: expected more than pad_token_id + 1 = ${pad + 1}, got ${positions}`);
  return { first: pad + 1, pad };
}

/** Reads config.json of an encoder on which one of these stands. @throws bad-file for nonsense, unsupported-model naming the key for another architecture or other arithmetic. */
export function readConfig(bytes: Uint8Array, kinds: readonly HeadKind[] = ['classifier']): EncoderConfig {
  return encoderConfig(parseObject(bytes, 'config.json'), kinds);
}

/** As `readConfig`, of what a config.json says. */
export function encoderConfig(json: Fields, kinds: readonly HeadKind[]): EncoderConfig {
  const { architecture, kind } = findArchitecture(json, kinds);
  const { keys } = architecture;
  checkSupported(json, architecture);
  const activation = readActivation(json, keys.activation);
  const width = size(json, keys.width, MOST_WIDTH);
  const heads = size(json, keys.heads, 4096);
  if (width % heads !== 0) refuse(`${keys.heads}: expected a divisor of ${keys.width} ${width}, got ${heads}`);
  const labels = kind === 'classifier' ? readLabels(json) : [];
  if (kind === 'classifier' && labels.length < 2)
    unsupported(`num_labels: expected 2 or more, got ${labels.length} (a regression head: ${oneLine(labels.join(', ')) || 'no label'})`);
  const vocabularySize = size(json, 'vocab_size', MOST_TOKENS);
  const positions = size(json, 'max_position_embeddings', 1_048_576);
  return {
    architecture,
    kind,
    layers: size(json, keys.layers, 1024),
    width,
    embeddingWidth: keys.embeddingWidth === null ? width : size(json, keys.embeddingWidth, MOST_WIDTH),
    heads,
    hidden: size(json, keys.hidden, 1_048_576),
    activation,
    epsilon: readEpsilon(json, keys.epsilon),
    vocabularySize,
    positions,
    places: readPlaces(json, architecture, vocabularySize, positions),
    types: keys.types === null ? 0 : size(json, keys.types, 1024),
    labels,
    tied: json.tie_word_embeddings !== false,
  };
}
