import type { EncoderSizes } from '../../../src/model/encoder.ts';
import type { TableSizes, TakeTensor } from '../../../src/model/encoder-weights.ts';
import { createGraph, type GraphWriter } from './graph.ts';

/** The first operator set with Gelu; LayerNormalization came with 17. */
const OPERATOR_SET = 20;
/** What is added to the scores of padding: e to it is 0 in float32, and no sum with a score overflows. */
const PADDING = -1e9;

/** What BERT leaves open of an encoder: its embeddings are as wide as the rest, and its head has tanh. */
export type BertSizes = Omit<EncoderSizes, 'embeddingWidth' | 'headActivation'>;

/**
 * A BertForSequenceClassification as an ONNX model in float32. Inputs: input_ids and attention_mask (B, T), int64, where 0 in the mask is
 * padding; all tokens are of type 0. Output: logits (B, labels). The graph is the one that exporters write and that engines know how to
 * fuse: Q, K and V apart, all positions through all layers, the first taken by the pooler.
 */
export function bertOnnx(sizes: BertSizes, tables: TableSizes, take: TakeTensor): Uint8Array<ArrayBuffer> {
  const g = createGraph('BertForSequenceClassification', OPERATOR_SET);
  const ids = g.input('input_ids', ['batch', 'tokens']);
  const mask = g.input('attention_mask', ['batch', 'tokens']);
  const padding = paddingScores(g, mask);
  let x = embed(g, sizes, tables, take, ids);
  for (let layer = 0; layer < sizes.layers; layer++) x = encoderLayer(g, sizes, take, `bert.encoder.layer.${layer}`, x, padding);
  const first = g.node('Squeeze', 'first', [firstRow(g, x), g.ints('axis1', [1])]);
  const pooled = g.node('Tanh', 'pooled', [linear(g, take, 'bert.pooler.dense', first, sizes.width, sizes.width)]);
  const logits = linear(g, take, 'classifier', pooled, sizes.labels, sizes.width);
  return g.finish(g.node('Identity', 'logits', [logits]), ['batch', sizes.labels]);
}

function firstRow(g: GraphWriter, x: string): string {
  return g.node('Slice', 'first.row', [x, g.ints('slice.0', [0]), g.ints('slice.1', [1]), g.ints('slice.axis', [1])]);
}

/** 0 where there is a token and −10⁹ where there is padding: (B, 1, 1, T). */
function paddingScores(g: GraphWriter, mask: string): string {
  const numbers = g.node('Cast', 'mask.float', [mask], { to: { i: 1 } });
  const absent = g.node('Sub', 'mask.absent', [g.floats('one', [], Float32Array.of(1)), numbers]);
  const scores = g.node('Mul', 'mask.scores', [absent, g.floats('padding', [], Float32Array.of(PADDING))]);
  return g.node('Unsqueeze', 'mask.wide', [scores, g.ints('mask.axes', [1, 2])]);
}

/** Word + type 0 + position, and their norm: (B, T, width). */
function embed(g: GraphWriter, sizes: BertSizes, tables: TableSizes, take: TakeTensor, ids: string): string {
  const { width } = sizes;
  const word = take('bert.embeddings.word_embeddings.weight', [tables.vocabulary, width]);
  const position = take('bert.embeddings.position_embeddings.weight', [tables.positions, width]);
  const type = take('bert.embeddings.token_type_embeddings.weight', [tables.types, width]);
  const words = g.node('Gather', 'words', [g.floats('word', [tables.vocabulary, width], word), ids]);
  const typed = g.node('Add', 'typed', [words, g.floats('type', [width], type.slice(0, width))]);
  const length = g.node('Gather', 'length', [g.node('Shape', 'shape', [ids]), g.ints('one.index', [1])]);
  const table = g.floats('position', [tables.positions, width], position);
  const positions = g.node('Slice', 'positions', [table, g.ints('from', [0]), length, g.ints('rows', [0])]);
  const sum = g.node('Add', 'embeddings', [typed, positions]);
  return norm(g, sizes, take, 'bert.embeddings.LayerNorm', sum);
}

function encoderLayer(g: GraphWriter, sizes: BertSizes, take: TakeTensor, at: string, x: string, padding: string): string {
  const { width, hidden } = sizes;
  const context = attention(g, sizes, take, `${at}.attention.self`, x, padding);
  const projected = linear(g, take, `${at}.attention.output.dense`, context, width, width);
  const y = norm(g, sizes, take, `${at}.attention.output.LayerNorm`, g.node('Add', `${at}.attended`, [projected, x]));
  const up = activation(g, sizes, `${at}.up`, linear(g, take, `${at}.intermediate.dense`, y, hidden, width));
  const down = linear(g, take, `${at}.output.dense`, up, width, hidden);
  return norm(g, sizes, take, `${at}.output.LayerNorm`, g.node('Add', `${at}.sum`, [down, y]));
}

function attention(g: GraphWriter, sizes: BertSizes, take: TakeTensor, at: string, x: string, padding: string): string {
  const { width, heads } = sizes;
  const split = g.ints(`${at}.split`, [0, 0, heads, width / heads]);
  const part = (name: string, order: readonly number[]) => {
    const rows = linear(g, take, `${at}.${name}`, x, width, width);
    const apart = g.node('Reshape', `${at}.${name}.heads`, [rows, split]);
    return g.node('Transpose', `${at}.${name}.turned`, [apart], { perm: { ints: order } });
  };
  const query = part('query', [0, 2, 1, 3]);
  const key = part('key', [0, 2, 3, 1]);
  const value = part('value', [0, 2, 1, 3]);
  const products = g.node('MatMul', `${at}.products`, [query, key]);
  const scaled = g.node('Div', `${at}.scaled`, [products, g.floats(`${at}.scale`, [], Float32Array.of(Math.sqrt(width / heads)))]);
  const scores = g.node('Add', `${at}.scores`, [scaled, padding]);
  const weights = g.node('Softmax', `${at}.weights`, [scores], { axis: { i: -1 } });
  const mixed = g.node('MatMul', `${at}.mixed`, [weights, value]);
  const together = g.node('Transpose', `${at}.together`, [mixed], { perm: { ints: [0, 2, 1, 3] } });
  return g.node('Reshape', `${at}.context`, [together, g.ints(`${at}.join`, [0, 0, width])]);
}

function activation(g: GraphWriter, sizes: BertSizes, name: string, x: string): string {
  if (sizes.activation === 'gelu') return g.node('Gelu', name, [x]);
  if (sizes.activation === 'relu') return g.node('Relu', name, [x]);
  throw new Error(`ONNX: expected gelu or relu, got ${sizes.activation}; add it to test/support/onnx/bert.ts`);
}

function norm(g: GraphWriter, { width, epsilon }: BertSizes, take: TakeTensor, name: string, x: string): string {
  const gamma = g.floats(`${name}.weight`, [width], take(`${name}.weight`, [width]));
  const beta = g.floats(`${name}.bias`, [width], take(`${name}.bias`, [width]));
  return g.node('LayerNormalization', name, [x, gamma, beta], { axis: { i: -1 }, epsilon: { f: epsilon } });
}

/** x · weightᵀ + bias; a checkpoint's weight is (outputs, inputs), ONNX's MatMul wants (inputs, outputs). */
function linear(g: GraphWriter, take: TakeTensor, name: string, x: string, outputs: number, inputs: number): string {
  const weight = transposed(take(`${name}.weight`, [outputs, inputs]), outputs, inputs);
  const product = g.node('MatMul', `${name}.product`, [x, g.floats(`${name}.weight`, [inputs, outputs], weight)]);
  return g.node('Add', name, [product, g.floats(`${name}.bias`, [outputs], take(`${name}.bias`, [outputs]))]);
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  return out;
}
