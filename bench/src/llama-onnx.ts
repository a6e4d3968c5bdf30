import type { DecoderLayerNames } from '../../src/model/causal/architecture.ts';
import type { DecoderConfig } from '../../src/model/causal/config.ts';
import type { TensorSource } from '../../src/model/causal/parts.ts';
import type { Storage } from '../../src/model/causal/weights.ts';
import { createGraph, type GraphWriter } from '../../test/support/onnx/graph.ts';

/** ReduceMean takes its axes as an input from here on. */
const OPERATOR_SET = 18;
/** What is added to the scores of keys that a query does not see: e to it is 0 in float32, and no sum with a score overflows. */
const UNSEEN = -1e9;

/** What is made once and used in each layer. */
interface Shared {
  readonly config: DecoderConfig;
  readonly tensors: Pick<TensorSource, 'has' | 'take'>;
  readonly pairing: Storage['pairing'];
  readonly cos: string;
  readonly sin: string;
  /** (B, 1, T, P + T): 0 where a query sees a key. */
  readonly unseen: string;
  readonly batch: string;
}

/**
 * A causal language model of the Llama family (rotary, RMS norms, gated SiLU, grouped queries) as an ONNX model in float32. Inputs, int64:
 * input_ids and position_ids (B, T); attention_mask (B, P + T), 0 for padding; rows, of B·T those whose logits are wanted. Of each layer, float32:
 * past.LAYER.key and past.LAYER.value (1, key heads, P, head size), what all sequences begin with, P = 0 where they begin anew. Outputs: logits
 * (rows, vocabulary), present.LAYER.key and .value (B, key heads, P + T, head size). The graph is the one that exporters write: Q, K and V apart,
 * the head over the rows that are asked for.
 */
export function llamaOnnx(
  config: DecoderConfig,
  tensors: Pick<TensorSource, 'has' | 'take'>,
  pairing: Storage['pairing'] = 'halves',
): Uint8Array<ArrayBuffer> {
  const { sizes, architecture, tied } = config;
  if (!(sizes.rotary && sizes.gated && sizes.norm === 'rms-norm' && sizes.activation === 'silu') || sizes.headNorm)
    throw new Error(
      `ONNX: expected rotations, RMS norms and gated SiLU, no norms of heads, got ${architecture.name}; add it to llama-onnx.ts`,
    );
  const names = architecture.names(architecture.prefixes.find((p) => tensors.has(architecture.names(p).word)) ?? '');
  const { width, vocabulary, layers } = sizes;
  const g = createGraph(architecture.name, OPERATOR_SET);
  const ids = g.input('input_ids', ['batch', 'tokens']);
  const positions = g.input('position_ids', ['batch', 'tokens']);
  const mask = g.input('attention_mask', ['batch', 'keys']);
  const rows = g.input('rows', ['rows']);
  const word = g.floats('word', [vocabulary, width], tensors.take(names.word, [vocabulary, width]));
  const shared: Shared = {
    ...{ config, tensors, pairing, ...rotations(g, config, positions) },
    unseen: unseenScores(g, ids, mask),
    batch: size(g, 'batch', ids, 0),
  };
  let x = g.node('Gather', 'words', [word, ids]);
  for (let layer = 0; layer < layers; layer++) x = decoderLayer(g, shared, names.layer(layer), layer, x);
  const flat = g.node('Reshape', 'flat', [x, g.ints('flat.shape', [-1, width])]);
  const read = norm(g, shared, names.norm, g.node('Gather', 'read', [flat, rows]));
  const head = tied ? word : g.floats('head', [vocabulary, width], tensors.take(names.head, [vocabulary, width]));
  return g.finish(g.node('Gemm', 'logits', [read, head], { transB: { i: 1 } }), ['rows', vocabulary]);
}

/** One dimension of a tensor: (1). */
function size(g: GraphWriter, name: string, of: string, axis: number): string {
  return g.node('Gather', name, [g.node('Shape', `${name}.shape`, [of]), g.ints(`${name}.axis`, [axis])]);
}

/** Cosines and sines at each position, (B, 1, T, head size), sines of the first half negated as that half takes the second's. */
function rotations(g: GraphWriter, { rope, sizes, maxTokens }: DecoderConfig, positions: string): { cos: string; sin: string } {
  const half = sizes.headSize / 2;
  const table = (name: string, of: (angle: number, first: boolean) => number) => {
    const values = Float32Array.from({ length: maxTokens * sizes.headSize }, (_, i) => {
      const [position, c] = [Math.floor(i / sizes.headSize), i % sizes.headSize];
      return of(Math.fround(position * (rope?.frequencies[c % half] ?? 0)), c < half);
    });
    const gathered = g.node('Gather', `${name}.at`, [g.floats(`${name}.table`, [maxTokens, sizes.headSize], values), positions]);
    return g.node('Unsqueeze', name, [gathered, g.ints(`${name}.axes`, [1])]);
  };
  return { cos: table('cos', Math.cos), sin: table('sin', (angle, first) => (first ? -Math.sin(angle) : Math.sin(angle))) };
}

/** 0 where query t of a sequence sees key k, which is no padding and no later than it; −10⁹ elsewhere: (B, 1, T, P + T). */
function unseenScores(g: GraphWriter, ids: string, mask: string): string {
  const count = (name: string, of: string) => g.node('Squeeze', `${name}.count`, [size(g, name, of, 1)]);
  const scalar = (name: string, value: number) => g.node('Squeeze', name, [g.ints(`${name}.value`, [value])]);
  const [tokens, keys] = [count('tokens', ids), count('keys', mask)];
  const [zero, one] = [scalar('zero', 0), scalar('one', 1)];
  const past = g.node('Sub', 'past.count', [keys, tokens]);
  const key = g.node('Range', 'key.index', [zero, keys, one]);
  const query = g.node('Unsqueeze', 'query.index', [g.node('Range', 'query.range', [past, keys, one]), g.ints('query.axes', [1])]);
  const there = g.node('Unsqueeze', 'there', [g.node('Cast', 'there.bool', [mask], { to: { i: 9 } }), g.ints('there.axes', [1, 2])]);
  const seen = g.node('And', 'seen', [g.node('LessOrEqual', 'before', [key, query]), there]);
  return g.node('Where', 'unseen', [
    seen,
    g.floats('seen.score', [], Float32Array.of(0)),
    g.floats('unseen.score', [], Float32Array.of(UNSEEN)),
  ]);
}

function decoderLayer(g: GraphWriter, shared: Shared, names: DecoderLayerNames, layer: number, x: string): string {
  const { width, hidden } = shared.config.sizes;
  if (typeof names.qkv === 'string' || names.gate === null) throw new Error('ONNX: expected Q, K, V and a gate apart, got others');
  const attended = attention(g, shared, { ...names.qkv, projection: names.projection }, layer, norm(g, shared, names.attentionNorm, x));
  const y = g.node('Add', `${layer}.attended`, [x, attended]);
  const normed = norm(g, shared, names.mlpNorm, y);
  const gate = linear(g, shared, names.gate, normed, hidden, width);
  const opened = g.node('Mul', `${layer}.silu`, [gate, g.node('Sigmoid', `${layer}.sigmoid`, [gate])]);
  const up = g.node('Mul', `${layer}.gated`, [opened, linear(g, shared, names.up, normed, hidden, width)]);
  return g.node('Add', `${layer}.out`, [y, linear(g, shared, names.down, up, width, hidden)]);
}

type AttentionNames = Readonly<Record<'query' | 'key' | 'value' | 'projection', string>>;

function attention(g: GraphWriter, shared: Shared, { projection, ...names }: AttentionNames, layer: number, x: string): string {
  const { heads, keyHeads, headSize, width } = shared.config.sizes;
  const part = (name: string, count: number, turned: boolean) => {
    const rows = linear(g, shared, name, x, count * headSize, width, turned);
    const apart = g.node('Reshape', `${name}.heads`, [rows, g.ints(`${name}.split`, [0, 0, count, headSize])]);
    return g.node('Transpose', `${name}.turned`, [apart], { perm: { ints: [0, 2, 1, 3] } });
  };
  const query = rotate(g, shared, `${layer}.query`, part(names.query, heads, true));
  const key = withPast(g, shared, `${layer}.key`, rotate(g, shared, `${layer}.rotated`, part(names.key, keyHeads, true)));
  const value = withPast(g, shared, `${layer}.value`, part(names.value, keyHeads, false));
  // The queries of the heads that share keys are rows of one product.
  const shaped = (name: string, of: string, shape: readonly number[]) => g.node('Reshape', name, [of, g.ints(`${name}.shape`, shape)]);
  const grouped = shaped(`${layer}.grouped`, query, [0, keyHeads, -1, headSize]);
  const turned = g.node('Transpose', `${layer}.key.columns`, [key], { perm: { ints: [0, 1, 3, 2] } });
  const products = shaped(`${layer}.products`, g.node('MatMul', `${layer}.products.grouped`, [grouped, turned]), [0, heads, -1, 0]);
  const scaled = g.node('Mul', `${layer}.scaled`, [products, g.floats(`${layer}.scale`, [], Float32Array.of(1 / Math.sqrt(headSize)))]);
  const weights = g.node('Softmax', `${layer}.weights`, [g.node('Add', `${layer}.scores`, [scaled, shared.unseen])], { axis: { i: -1 } });
  const mixed = g.node('MatMul', `${layer}.mixed`, [shaped(`${layer}.weights.grouped`, weights, [0, keyHeads, -1, 0]), value]);
  const apart = shaped(`${layer}.mixed.heads`, mixed, [0, heads, -1, headSize]);
  const together = g.node('Transpose', `${layer}.together`, [apart], { perm: { ints: [0, 2, 1, 3] } });
  return linear(g, shared, projection, shaped(`${layer}.context`, together, [0, 0, heads * headSize]), width, heads * headSize);
}

/** x · cos + the halves of x changed over · sin. */
function rotate(g: GraphWriter, { config, cos, sin }: Shared, name: string, x: string): string {
  const half = config.sizes.headSize / 2;
  const part = (which: string, from: number, to: number) => {
    const bounds = [from, to, 3].map((value, i) => g.ints(`${name}.${which}.${i}`, [value]));
    return g.node('Slice', `${name}.${which}`, [x, ...bounds]);
  };
  const changed = g.node('Concat', `${name}.changed`, [part('second', half, 2 * half), part('first', 0, half)], { axis: { i: 3 } });
  return g.node('Add', name, [g.node('Mul', `${name}.cos`, [x, cos]), g.node('Mul', `${name}.sin`, [changed, sin])]);
}

/** What all sequences begin with, and behind it what each goes on with; an output too. */
function withPast(g: GraphWriter, { config, batch }: Shared, part: string, x: string): string {
  const { keyHeads, headSize } = config.sizes;
  const past = g.input(`past.${part}`, [1, keyHeads, 'past', headSize], 'float32');
  const shape = g.node('Concat', `${part}.past.shape`, [batch, g.ints(`${part}.ones`, [1, 1, 1])], { axis: { i: 0 } });
  const all = g.node('Concat', `present.${part}`, [g.node('Expand', `${part}.past`, [past, shape]), x], { axis: { i: 2 } });
  return g.output(all, ['batch', keyHeads, 'keys', headSize]);
}

/** x / √(mean of squares + ε) · γ, in the operators that engines fuse. */
function norm(g: GraphWriter, { config, tensors }: Shared, name: string, x: string): string {
  const { width, epsilon } = config.sizes;
  const squares = g.node('Pow', `${name}.squares`, [x, g.floats(`${name}.two`, [], Float32Array.of(2))]);
  const mean = g.node('ReduceMean', `${name}.mean`, [squares, g.ints(`${name}.axes`, [-1])], { keepdims: { i: 1 } });
  const sum = g.node('Add', `${name}.sum`, [mean, g.floats(`${name}.epsilon`, [], Float32Array.of(epsilon))]);
  const scaled = g.node('Div', `${name}.scaled`, [x, g.node('Sqrt', `${name}.root`, [sum])]);
  const gamma = g.floats(`${name}.weight`, [width], tensors.take(`${name}.weight`, [width]));
  return g.node('Mul', name, [gamma, scaled]);
}

/** x · weightᵀ, and the bias where there is one; the rows of `turned` heads are put in the order that `rotate` takes. */
function linear(g: GraphWriter, shared: Shared, name: string, x: string, outputs: number, inputs: number, turned = false): string {
  const { tensors, pairing, config } = shared;
  const from = turned && pairing === 'neighbours' ? (row: number) => neighbour(row, config.sizes.headSize) : (row: number) => row;
  const rows = tensors.take(`${name}.weight`, [outputs, inputs]);
  const weight = new Float32Array(rows.length);
  for (let r = 0; r < outputs; r++) for (let c = 0; c < inputs; c++) weight[c * outputs + r] = rows[from(r) * inputs + c];
  const product = g.node('MatMul', `${name}.product`, [x, g.floats(`${name}.weight`, [inputs, outputs], weight)]);
  if (!tensors.has(`${name}.bias`)) return product;
  const bias = tensors.take(`${name}.bias`, [outputs]);
  return g.node('Add', name, [
    product,
    g.floats(
      `${name}.bias`,
      [outputs],
      bias.map((_, r) => bias[from(r)]),
    ),
  ]);
}

/** The row, where rotations turn neighbours, of what is row `row` where they turn one of each half. */
function neighbour(row: number, headSize: number): number {
  const [head, i] = [Math.floor(row / headSize), row % headSize];
  return head * headSize + (i < headSize / 2 ? 2 * i : 2 * i - headSize + 1);
}
