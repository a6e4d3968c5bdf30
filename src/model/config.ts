import { WebspexError } from '../core/errors.ts';

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

const ACTIVATIONS: Readonly<Record<string, BertConfig['activation']>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  relu: 'relu',
};

function refuse(what: string): never {
  throw new WebspexError('bad-file', `config.json: ${what}; check the model folder`);
}

function unsupported(what: string): never {
  throw new WebspexError('unsupported-model', `config.json: ${what}; supported: BertForSequenceClassification with absolute positions`);
}

function size(json: Record<string, unknown>, key: string, most: number): number {
  const value = json[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    refuse(`${key}: expected a whole number from 1 to ${most}, got ${JSON.stringify(value)}`);
  return value;
}

function readLabels(json: Record<string, unknown>): string[] {
  const named = json.id2label;
  if (named !== undefined && (typeof named !== 'object' || named === null))
    refuse(`id2label: expected an object, got ${JSON.stringify(named)}`);
  const stated = json.num_labels;
  const count = named ? Object.keys(named).length : stated === undefined ? 2 : size(json, 'num_labels', 100_000);
  const labels = Array.from({ length: count }, (_, i) => {
    const label = named ? (named as Record<string, unknown>)[String(i)] : `LABEL_${i}`;
    if (typeof label !== 'string') refuse(`id2label: expected a name for label ${i}, got ${JSON.stringify(label)}`);
    return label;
  });
  if (labels.length < 2) unsupported(`expected at least 2 labels, got ${labels.length} (a regression head)`);
  return labels;
}

/** Keys that change the arithmetic, with the values that leave it as it is here. */
const HARMLESS: Readonly<Record<string, readonly unknown[]>> = {
  position_embedding_type: ['absolute', undefined, null],
  is_decoder: [false, undefined, null],
  add_cross_attention: [false, undefined, null],
  problem_type: ['single_label_classification', 'multi_label_classification', undefined, null],
  quantization_config: [undefined, null],
  embedding_size: [undefined, null],
  pruned_heads: [undefined, null],
};

function checkHarmless(json: Record<string, unknown>): void {
  for (const [key, allowed] of Object.entries(HARMLESS)) {
    const value = json[key];
    const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    if (!allowed.includes(value) && !empty)
      unsupported(
        `${key}: expected ${allowed.filter((a) => a !== undefined && a !== null).join(' or ') || 'none'}, got ${JSON.stringify(value)}`,
      );
  }
}

/** Reads config.json. @throws bad-file for nonsense, unsupported-model naming the key for another architecture or other arithmetic. */
export function readBertConfig(bytes: Uint8Array): BertConfig {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>;
  } catch (error) {
    refuse(`expected JSON, got something that does not parse (${(error as Error).message})`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) refuse(`expected an object, got ${JSON.stringify(json)}`);
  if (json.model_type !== 'bert') unsupported(`model_type: expected bert, got ${JSON.stringify(json.model_type)}`);
  const architectures = json.architectures;
  if (!Array.isArray(architectures) || !architectures.includes('BertForSequenceClassification'))
    unsupported(`architectures: expected BertForSequenceClassification, got ${JSON.stringify(architectures)}`);
  checkHarmless(json);
  const activation =
    typeof json.hidden_act === 'string' && Object.hasOwn(ACTIVATIONS, json.hidden_act) ? ACTIVATIONS[json.hidden_act] : undefined;
  if (!activation) unsupported(`hidden_act: expected ${Object.keys(ACTIVATIONS).join(', ')}, got ${JSON.stringify(json.hidden_act)}`);
  const width = size(json, 'hidden_size', 65_536);
  const heads = size(json, 'num_attention_heads', 4096);
  if (width % heads !== 0) refuse(`num_attention_heads: expected a divisor of hidden_size ${width}, got ${heads}`);
  const epsilon = json.layer_norm_eps ?? 1e-12;
  if (typeof epsilon !== 'number' || !(epsilon > 0) || epsilon > 1)
    refuse(`layer_norm_eps: expected a number from 0 to 1, got ${JSON.stringify(epsilon)}`);
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
    labels: readLabels(json),
  };
}
