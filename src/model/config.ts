import { WebspexError } from '../core/errors.ts';
import { oneLine, parseObject, shown } from './json.ts';

/** A BertForSequenceClassification configuration, checked. */
export interface BertConfig {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Width of the MLP. */
  readonly hidden: number;
  readonly activation: 'gelu' | 'gelu-tanh' | 'relu';
  readonly epsilon: number;
  readonly vocabularySize: number;
  readonly positions: number;
  readonly types: number;
  readonly labels: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const ACTIVATIONS: ReadonlyMap<unknown, BertConfig['activation']> = new Map([
  ['gelu', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
  ['relu', 'relu'],
]);

const MOST_LABELS = 100_000;

/** Keys that change the arithmetic, with the values beside none that leave it as it is here. */
const HARMLESS: Readonly<Record<string, readonly unknown[]>> = {
  position_embedding_type: ['absolute'],
  is_decoder: [false],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  cross_attention_hidden_size: [],
  problem_type: ['single_label_classification', 'multi_label_classification'],
  quantization_config: [],
  embedding_size: [],
  pruned_heads: [],
  alibi_starting_size: [],
  // Code of the model's own, which may compute anything.
  auto_map: [],
};

function refuse(what: string): never {
  throw new WebspexError('bad-file', `config.json: ${what}; check the model folder`);
}

function unsupported(what: string): never {
  throw new WebspexError('unsupported-model', `config.json: ${what}; supported: BertForSequenceClassification with absolute positions`);
}

function isNone(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function size(json: Json, key: string, most: number): number {
  const value = json[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    refuse(`${key}: expected a whole number from 1 to ${most}, got ${shown(value)}`);
  return value;
}

function readLabels(json: Json): string[] {
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

function checkSupported(json: Json): void {
  if (json.model_type !== 'bert') unsupported(`model_type: expected bert, got ${shown(json.model_type)}`);
  const architectures = json.architectures;
  if (!Array.isArray(architectures) || !architectures.includes('BertForSequenceClassification'))
    unsupported(`architectures: expected BertForSequenceClassification, got ${shown(architectures)}`);
  for (const [key, allowed] of Object.entries(HARMLESS))
    if (!isNone(json[key]) && !allowed.includes(json[key]))
      unsupported(`${key}: expected ${allowed.length > 0 ? allowed.join(' or ') : 'none'}, got ${shown(json[key])}`);
}

/** Reads config.json. @throws bad-file for nonsense, unsupported-model naming the key for another architecture or other arithmetic. */
export function readBertConfig(bytes: Uint8Array): BertConfig {
  const json = parseObject(bytes, 'config.json');
  checkSupported(json);
  if (json.hidden_act === undefined) refuse('hidden_act: expected the name of an activation, got none');
  const activation = ACTIVATIONS.get(json.hidden_act);
  if (!activation) unsupported(`hidden_act: expected ${[...ACTIVATIONS.keys()].join(', ')}, got ${shown(json.hidden_act)}`);
  const width = size(json, 'hidden_size', 65_536);
  const heads = size(json, 'num_attention_heads', 4096);
  if (width % heads !== 0) refuse(`num_attention_heads: expected a divisor of hidden_size ${width}, got ${heads}`);
  const epsilon = json.layer_norm_eps ?? 1e-12;
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon <= 1))
    refuse(`layer_norm_eps: expected a number above 0 and at most 1, got ${shown(epsilon)}`);
  const labels = readLabels(json);
  if (labels.length < 2)
    unsupported(`num_labels: expected 2 or more, got ${labels.length} (a regression head: ${oneLine(labels.join(', ')) || 'no label'})`);
  return {
    layers: size(json, 'num_hidden_layers', 1024),
    width,
    heads,
    hidden: size(json, 'intermediate_size', 1_048_576),
    activation,
    epsilon,
    vocabularySize: size(json, 'vocab_size', 10_000_000),
    positions: size(json, 'max_position_embeddings', 1_048_576),
    types: size(json, 'type_vocab_size', 1024),
    labels,
  };
}
