import type { Backend } from '../../src/compute/backend.ts';
import type { RowCounts } from '../../src/compute/program.ts';
import { createRandom } from '../../src/core/random.ts';
import { BERT } from '../../src/model/architectures/bert.ts';
import { type ClassifierParts, createClassifier } from '../../src/model/classifier.ts';
import { type EncoderSizes, encoderProgram } from '../../src/model/encoder.ts';
import { encoderWeights, type TakeTensor, takeEmbeddings } from '../../src/model/encoder-weights.ts';
import { gatedPrograms } from '../../src/model/gated.ts';
import type { Model, Tokenizer, TokenSequences } from '../../src/model/model.ts';
import { NAIVE_ACTIVATIONS } from '../compute/activations.ts';

/** Tensors of a BertForSequenceClassification under their Hugging Face names. */
export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** The sizes of a BERT: embeddings as wide as the layers, and tanh in the head. */
export interface TinySizes extends Omit<EncoderSizes, 'embeddingWidth' | 'headActivation'> {
  readonly vocabulary: number;
  readonly positions: number;
}

export function bertSizes<S extends Omit<EncoderSizes, 'embeddingWidth' | 'headActivation'>>(sizes: S): S & EncoderSizes {
  return { ...sizes, embeddingWidth: sizes.width, headActivation: 'tanh' };
}

/** Random weights, large enough that a wrong one is seen in the logits. */
export function randomTensors(sizes: TinySizes, seed: number): Tensors {
  const random = createRandom(seed);
  const out = new Map<string, { shape: number[]; values: Float32Array }>();
  const add = (name: string, shape: number[], scale: number, mean = 0) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => mean + random.normal() * scale);
    out.set(name, { shape, values });
  };
  const linear = (name: string, outputs: number, inputs: number) => {
    add(`${name}.weight`, [outputs, inputs], 1 / Math.sqrt(inputs));
    add(`${name}.bias`, [outputs], 0.3);
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [sizes.width], 0.2, 1);
    add(`${name}.bias`, [sizes.width], 0.2);
  };
  const { width, hidden } = sizes;
  add('bert.embeddings.word_embeddings.weight', [sizes.vocabulary, width], 1);
  add('bert.embeddings.position_embeddings.weight', [sizes.positions, width], 0.5);
  add('bert.embeddings.token_type_embeddings.weight', [2, width], 0.5);
  norm('bert.embeddings.LayerNorm');
  for (let layer = 0; layer < sizes.layers; layer++) {
    const at = `bert.encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) linear(`${at}.attention.self.${part}`, width, width);
    linear(`${at}.attention.output.dense`, width, width);
    norm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, hidden, width);
    linear(`${at}.output.dense`, width, hidden);
    norm(`${at}.output.LayerNorm`);
  }
  linear('bert.pooler.dense', width, width);
  linear('classifier', sizes.labels, width);
  return out;
}

export function takeFrom(tensors: Tensors): TakeTensor {
  return (name, shape) => {
    const found = tensors.get(name);
    if (!found || String(found.shape) !== String(shape)) throw new Error(`no tensor ${name} of shape ${shape}`);
    return found.values;
  };
}

const ACTIVATION_NUMBERS = { none: 0, gelu: 1, 'gelu-tanh': 2, relu: 3, tanh: 4, silu: 5 };

/** Gates of one sequence, and the mean outputs (unpadded) they fade into: of each layer its heads side by side, and its MLP block. */
export interface NaiveGates {
  readonly values: ArrayLike<number>;
  readonly means?: readonly { readonly heads: readonly number[]; readonly block: readonly number[] }[];
  /** Told every row of head outputs and of block outputs, before they are gated. */
  readonly onOutput?: (layer: number, part: 'heads' | 'block', row: readonly number[]) => void;
}

/** Logits of one sequence by the paper: every layer on every token in float64, no packing, no table, nothing left out. */
export function naiveLogits(
  tensors: Tensors,
  sizes: Omit<TinySizes, 'vocabulary' | 'positions'>,
  ids: readonly number[],
  gates?: NaiveGates,
): number[] {
  const get = (name: string) => takeFrom(tensors)(name, tensors.get(name)?.shape ?? []);
  const { width, heads } = sizes;
  const linear = (x: number[][], name: string) => {
    const [weight, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
    return x.map((row) => Array.from(bias, (b, n) => row.reduce((sum, v, k) => sum + v * weight[n * row.length + k], b)));
  };
  const norm = (x: number[][], name: string) => {
    const [gamma, beta] = [get(`${name}.weight`), get(`${name}.bias`)];
    return x.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / width;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
      return row.map((v, c) => ((v - mean) / Math.sqrt(variance + sizes.epsilon)) * gamma[c] + beta[c]);
    });
  };
  const plus = (a: number[][], b: number[][]) => a.map((row, r) => row.map((v, c) => v + b[r][c]));
  const activation = NAIVE_ACTIVATIONS[ACTIVATION_NUMBERS[sizes.activation]];
  const [word, position, type] = ['word', 'position', 'token_type'].map((t) => get(`bert.embeddings.${t}_embeddings.weight`));
  let x = ids.map((id, i) => Array.from({ length: width }, (_, c) => word[id * width + c] + position[i * width + c] + type[c]));
  x = norm(x, 'bert.embeddings.LayerNorm');
  const size = width / heads;
  const gated = (rows: number[][], layer: number, part: 'heads' | 'block') =>
    rows.map((row) => {
      gates?.onOutput?.(layer, part, row);
      return row.map((v, c) => {
        const g = gates ? gates.values[layer * (heads + 1) + (part === 'heads' ? Math.floor(c / size) : heads)] : 1;
        return v * g + (gates?.means?.[layer][part][c] ?? 0) * (1 - g);
      });
    });
  for (let layer = 0; layer < sizes.layers; layer++) {
    const at = `bert.encoder.layer.${layer}`;
    const [q, k, v] = ['query', 'key', 'value'].map((part) => linear(x, `${at}.attention.self.${part}`));
    const context = q.map((row) =>
      row.map((_, c) => {
        const from = Math.floor(c / size) * size;
        const dot = (key: number[]) => key.slice(from, from + size).reduce((sum, kv, d) => sum + kv * row[from + d], 0);
        const weights = k.map((key) => Math.exp(dot(key) / Math.sqrt(size)));
        const total = weights.reduce((a, b) => a + b, 0);
        return weights.reduce((sum, w, j) => sum + (w / total) * v[j][c], 0);
      }),
    );
    x = norm(plus(linear(gated(context, layer, 'heads'), `${at}.attention.output.dense`), x), `${at}.attention.output.LayerNorm`);
    const up = linear(x, `${at}.intermediate.dense`).map((row) => row.map(activation));
    x = norm(plus(gated(linear(up, `${at}.output.dense`), layer, 'block'), x), `${at}.output.LayerNorm`);
  }
  const pooled = linear([x[0]], 'bert.pooler.dense').map((row) => row.map(Math.tanh));
  return linear(pooled, 'classifier')[0];
}

/** Words `a` to `z` as tokens 5 to 30, one each; the specials before them. */
export const letters: Tokenizer = {
  vocabularySize: 31,
  special: { pad: 0, cls: 1, sep: 2, mask: 3, unk: 4 },
  wrapping: { before: Uint32Array.of(1), between: Uint32Array.of(2), after: Uint32Array.of(2) },
  decode: (ids) => Array.from(ids, (id) => (id < 5 ? `[${id}]` : String.fromCharCode(92 + id))).join(' '),
  idOf: (token) => (/^[a-z]$/.test(token) ? token.charCodeAt(0) - 92 : null),
  encode(text) {
    const found = [...text.matchAll(/[a-z]/g)];
    return {
      ids: Uint32Array.from(found, (m) => 5 + m[0].charCodeAt(0) - 97),
      tokens: found.map((m) => m[0]),
      starts: Uint32Array.from(found, (m) => m.index),
      ends: Uint32Array.from(found, (m) => m.index + 1),
    };
  },
};

/** Everything but the device of a tiny model. */
export function tinyParts(tiny: TinySizes, tensors: Tensors, capacity: RowCounts): ClassifierParts {
  const sizes = bertSizes(tiny);
  const take = takeFrom(tensors);
  const { weights } = encoderWeights(sizes, BERT.names, { take });
  return {
    info: {
      id: 'tiny',
      revision: '',
      sha256: '',
      dtype: 'f32',
      architecture: 'BertForSequenceClassification',
      labels: Array.from({ length: sizes.labels }, (_, i) => `L${i}`),
      maxTokens: sizes.positions,
    },
    tokenizer: letters,
    vocabulary: sizes.vocabulary,
    program: encoderProgram(sizes, capacity),
    gated: gatedPrograms(sizes, capacity, sizes.positions),
    weights,
    positions: { first: 0, pad: null },
    embeddings: takeEmbeddings(sizes, { vocabulary: sizes.vocabulary, positions: sizes.positions, types: 2 }, BERT.names, { take }),
  };
}

/** A tiny model on a backend, its chunks at most `mostTokens` rows. */
export function tinyModel(backend: Backend, sizes: TinySizes, tensors: Tensors, mostTokens = 64): Promise<Model> {
  const limits = { ...backend.limits, firstTokens: mostTokens, mostTokens };
  const capacity = { tokens: 64, tableRows: 64, sequences: 32 };
  return createClassifier(tinyParts(sizes, tensors, capacity), { ...backend, limits });
}

/** Sequences end to end. */
export function sequences(lists: readonly (readonly number[])[]): TokenSequences {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => {
    offsets[s + 1] = offsets[s] + list.length;
  });
  return { ids: Uint32Array.from(lists.flat()), offsets };
}
