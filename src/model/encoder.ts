import type { Activation } from '../compute/kernels.ts';
import { PANEL } from '../compute/panels.ts';
import { type BufferSpec, type Program, padWidth, type RowCounts, type RowKind, type Step } from '../compute/program.ts';
import { STAMP_COLUMNS } from '../compute/stamp.ts';
import type { WeightTypes } from './causal/decoder.ts';
import { gather, input, type Linear, linear, scratch } from './steps.ts';

/** Sizes of an encoder laid out as BERT (Devlin et al. 2019, arXiv 1810.04805) with a classifier of two linear maps on the first token. */
export interface EncoderSizes {
  readonly layers: number;
  readonly width: number;
  /** Width of the embeddings; where it is not `width`, a linear map leads from the one to the other. */
  readonly embeddingWidth: number;
  readonly heads: number;
  readonly hidden: number;
  readonly activation: Activation;
  /** Between the head's two linear maps. */
  readonly headActivation: Activation;
  readonly epsilon: number;
  readonly labels: number;
}

/** The same sizes as a program sees them: each width padded with zeros to a multiple of 8, each head to a multiple of 4. */
export interface PaddedSizes {
  readonly width: number;
  readonly embeddingWidth: number;
  readonly headWidth: number;
  /** All heads side by side. */
  readonly attention: number;
  readonly hidden: number;
  readonly labels: number;
}

export function paddedSizes(sizes: EncoderSizes): PaddedSizes {
  const headWidth = Math.ceil(sizes.width / sizes.heads / 4) * 4;
  return {
    width: padWidth(sizes.width),
    embeddingWidth: padWidth(sizes.embeddingWidth),
    headWidth,
    attention: padWidth(headWidth * sizes.heads),
    hidden: padWidth(sizes.hidden),
    labels: padWidth(sizes.labels),
  };
}

/**
 * The forward pass of a chunk: embeddings, layer 0's norm and Q, K, V once for each distinct (token, position) pair, whole layers on
 * packed rows, the last layer's queries and everything after them on the rows that the classifier reads. Of the last layer no keys and
 * values are computed either (see `absorbs`). Inputs: tableSum
 * (tableRows, embedding width), tableRow, rowRanges, readRanges, readRows. Output: logits (sequences, labels) behind their stamp.
 */
export function encoderProgram(sizes: EncoderSizes, capacity: RowCounts, types?: WeightTypes): Program {
  return {
    buffers: [...weightBuffers(sizes, types), ...bodyRows(sizes, capacity), ...headRows(sizes)],
    steps: [...body(sizes, capacity), ...head(sizes)],
    capacity,
  };
}

/** Everything before the head: `readX` becomes the last layer's output of the rows that are read. */
export function body(sizes: EncoderSizes, capacity: RowCounts): Step[] {
  const steps: Step[] = [...firstRows(sizes)];
  for (let layer = 0; layer < sizes.layers; layer++) {
    const last = layer === sizes.layers - 1;
    if (last) steps.push(...lastLayer(sizes, layer, capacity));
    else steps.push(...(layer > 0 ? [project(sizes, layer, 'all', PACKED_ROWS)] : []), ...wholeLayer(sizes, layer));
  }
  return steps;
}

/** Where packed rows and their Q, K and V lie. */
const PACKED_ROWS = { rows: 'tokens', input: 'x', output: 'qkv' } as const;

function isProjected(sizes: EncoderSizes): boolean {
  return sizes.embeddingWidth !== sizes.width;
}

/** Columns of the packed rows of Q, K and V, and where K starts: a model of one layer needs no packed Q. */
export function keyLayout(sizes: EncoderSizes) {
  const { attention } = paddedSizes(sizes);
  const keyColumn = sizes.layers === 1 ? 0 : attention;
  return { keyColumn, valueColumn: keyColumn + attention, stride: keyColumn + 2 * attention };
}

/** A linear map's weight and bias. */
export function linearWeights(name: string, K: number, columns: number): BufferSpec[] {
  return [weight(`${name}.weight`, K, columns), weight(`${name}.bias`, 1, columns)];
}

/** A norm's gamma and beta. */
export function normWeights(name: string, columns: number): BufferSpec[] {
  return [weight(`${name}.gamma`, 1, columns), weight(`${name}.beta`, 1, columns)];
}

function weight(name: string, rows: number, columns: number): BufferSpec {
  return { name, kind: 'weight', type: 'f32', rows, columns };
}

/** The weights of the embeddings and layers, stored as `types` say. */
export function bodyWeights(sizes: EncoderSizes, types?: WeightTypes): BufferSpec[] {
  const { width, embeddingWidth, attention, hidden } = paddedSizes(sizes);
  const out = [...normWeights('embedding.norm', embeddingWidth)];
  if (isProjected(sizes)) out.push(...linearWeights('embedding.projection', embeddingWidth, width));
  for (let layer = 0; layer < sizes.layers; layer++)
    out.push(
      ...linearWeights(`${layer}.qkv`, width, 3 * attention),
      ...linearWeights(`${layer}.projection`, attention, width),
      ...normWeights(`${layer}.attentionNorm`, width),
      ...linearWeights(`${layer}.up`, width, hidden),
      ...linearWeights(`${layer}.down`, hidden, width),
      ...normWeights(`${layer}.outputNorm`, width),
    );
  return storedAs(out, types);
}

export function weightBuffers(sizes: EncoderSizes, types?: WeightTypes): BufferSpec[] {
  const { width, labels } = paddedSizes(sizes);
  const head = [...linearWeights('dense', width, width), ...linearWeights('classifier', width, labels)];
  return [...bodyWeights(sizes, types), ...storedAs(head, types)];
}

/** Buffers of weights with the types they have. */
export function storedAs(buffers: readonly BufferSpec[], types: WeightTypes = () => 'f32'): BufferSpec[] {
  return buffers.map((spec) => ({ ...spec, type: types(spec.name) }));
}

/** Inputs of `body`, and what it writes. */
export function bodyRows(sizes: EncoderSizes, capacity: RowCounts): BufferSpec[] {
  const { width, embeddingWidth, attention, hidden } = paddedSizes(sizes);
  const { stride } = keyLayout(sizes);
  const whole =
    sizes.layers > 1 ? [scratch('y', 'tokens', width), scratch('context', 'tokens', attention), scratch('up', 'tokens', hidden)] : [];
  return [
    input('tableSum', 'tableRows', embeddingWidth, 'f32'),
    input('tableRow', 'tokens', 1),
    input('rowRanges', 'tokens', 2),
    input('readRanges', 'sequences', 2),
    input('readRows', 'sequences', 1),
    ...embeddingScratches(sizes),
    scratch('tableQkv', 'tableRows', stride),
    scratch('x', 'tokens', width),
    scratch('qkv', 'tokens', stride),
    ...whole,
    scratch('readX', 'sequences', width),
    scratch('readQuery', 'sequences', attention),
    scratch('readContext', 'sequences', attention),
    scratch('readY', 'sequences', width),
    scratch('readUp', 'sequences', hidden),
    ...absorbedRows(sizes, capacity),
  ];
}

function headRows(sizes: EncoderSizes): BufferSpec[] {
  const { width, labels } = paddedSizes(sizes);
  return [scratch('pooled', 'sequences', width), scratch('logits', 'sequences', labels), outputRows(sizes.labels)];
}

/** An output row for each sequence, with its stamp. */
export function outputRows(columns: number): BufferSpec {
  return { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: columns + STAMP_COLUMNS };
}

export function norm(sizes: EncoderSizes, rows: RowKind, weight: string, input: string, output: string, width = sizes.width): Step {
  return {
    kernel: 'layer-norm',
    rows,
    bindings: { input, gamma: `${weight}.gamma`, beta: `${weight}.beta`, output },
    constants: { WIDTH: width, STRIDE: padWidth(width), EPSILON: sizes.epsilon },
    params: {},
  };
}

/** Part of a layer's Q, K and V; all parts share one weight and one pipeline. */
export function project(
  sizes: EncoderSizes,
  layer: number,
  part: 'all' | 'query' | 'keyValue',
  { rows, input, output }: Pick<Linear, 'rows' | 'input' | 'output'>,
): Step {
  const { width, attention } = paddedSizes(sizes);
  const { stride, keyColumn } = keyLayout(sizes);
  const common = { rows, input, output, weight: `${layer}.qkv`, K: width };
  if (part === 'query') return linear({ ...common, columns: attention });
  if (part === 'all') return linear({ ...common, columns: 3 * attention, outputStride: stride });
  return linear({ ...common, columns: 2 * attention, weightColumn: attention, outputStride: stride, outputColumn: keyColumn });
}

/** 1/√(head size): beside the weights of Q rather than in them, they keep the digits they are stored with. */
export function attentionScale({ width, heads }: Pick<EncoderSizes, 'width' | 'heads'>): number {
  return Math.sqrt(heads / width);
}

/** Rows of queries against the keys and values of their ranges; `from` names the buffers. */
export function attend(
  sizes: EncoderSizes,
  rows: RowKind,
  from: { readonly query: string; readonly queryStride: number; readonly keyValue: string; readonly ranges: string },
  output: string,
): Step {
  const { query, queryStride, keyValue, ranges } = from;
  const { headWidth, attention } = paddedSizes(sizes);
  const { stride, keyColumn, valueColumn } = keyLayout(sizes);
  return {
    kernel: 'attention',
    rows,
    bindings: { query, keyValue, ranges, output },
    constants: { HEADS: sizes.heads, KEY_HEADS: sizes.heads, HEAD_WIDTH: headWidth, SCALE: attentionScale(sizes) },
    params: { queryStride, keyStride: stride, keyColumn, valueColumn, outputStride: attention },
  };
}

/** Norm of the embeddings, and their way to the width of the layers where that is another. */
export function embed(sizes: EncoderSizes): Step[] {
  const { width, embeddingWidth } = paddedSizes(sizes);
  const output = isProjected(sizes) ? 'tableNorm' : 'tableX';
  const normed = norm(sizes, 'tableRows', 'embedding.norm', 'tableSum', output, sizes.embeddingWidth);
  if (!isProjected(sizes)) return [normed];
  const weight = 'embedding.projection';
  return [normed, linear({ rows: 'tableRows', input: output, output: 'tableX', weight, K: embeddingWidth, columns: width })];
}

/** What `embed` writes. */
export function embeddingScratches(sizes: EncoderSizes): BufferSpec[] {
  const { width, embeddingWidth } = paddedSizes(sizes);
  return [...(isProjected(sizes) ? [scratch('tableNorm', 'tableRows', embeddingWidth)] : []), scratch('tableX', 'tableRows', width)];
}

export function firstRows(sizes: EncoderSizes): Step[] {
  const part = sizes.layers === 1 ? 'keyValue' : 'all';
  return [
    ...embed(sizes),
    project(sizes, 0, part, { rows: 'tableRows', input: 'tableX', output: 'tableQkv' }),
    gather('tokens', 'tableX', 'tableRow', 'x', paddedSizes(sizes).width),
    gather('tokens', 'tableQkv', 'tableRow', 'qkv', keyLayout(sizes).stride),
  ];
}

export interface BlockBuffers {
  readonly rows: RowKind;
  readonly x: string;
  readonly y: string;
  readonly context: string;
  readonly up: string;
  /** Steps between the second map, which then writes `down`, and the residual, which they add: `down` to `y`. */
  readonly gated?: { readonly down: string; readonly steps: readonly Step[] };
}

/** From attention's output to the layer's: projection, norm, two linear maps, norm; x is overwritten. */
export function afterAttention(sizes: EncoderSizes, layer: number, { rows, x, y, context, up, gated }: BlockBuffers): Step[] {
  const { width, attention, hidden } = paddedSizes(sizes);
  const down = { rows, input: up, weight: `${layer}.down`, K: hidden, columns: width };
  return [
    linear({ rows, input: context, output: y, weight: `${layer}.projection`, K: attention, columns: width, residual: x }),
    norm(sizes, rows, `${layer}.attentionNorm`, y, x),
    linear({ rows, input: x, output: up, weight: `${layer}.up`, K: width, columns: hidden, activation: sizes.activation }),
    ...(gated ? [linear({ ...down, output: gated.down }), ...gated.steps] : [linear({ ...down, output: y, residual: x })]),
    norm(sizes, rows, `${layer}.outputNorm`, y, x),
  ];
}

export function wholeLayer(sizes: EncoderSizes, layer: number): Step[] {
  return [
    attend(sizes, 'tokens', { query: 'qkv', queryStride: keyLayout(sizes).stride, keyValue: 'qkv', ranges: 'rowRanges' }, 'context'),
    ...afterAttention(sizes, layer, { rows: 'tokens', x: 'x', y: 'y', context: 'context', up: 'up' }),
  ];
}

function lastLayer(sizes: EncoderSizes, layer: number, capacity: RowCounts): Step[] {
  return [
    ...attendRead(sizes, capacity, 'readContext'),
    ...afterAttention(sizes, layer, { rows: 'sequences', x: 'readX', y: 'readY', context: 'readContext', up: 'readUp' }),
  ];
}

/**
 * Whether the last layer's keys and values are absorbed: few rows look at its rows, so that a head's query times Wₖᵀ, against the rows
 * themselves, and their mean times Wᵥ afterwards cost less than a key and a value for each row. The bias of a key adds the same to all scores
 * of a query. A model of one layer has its keys once for each distinct row.
 */
function absorbs(sizes: EncoderSizes): boolean {
  const { attention, headWidth } = paddedSizes(sizes);
  return sizes.layers > 1 && headWidth % PANEL === 0 && headWidth * sizes.heads === sizes.width && attention === sizes.width;
}

/** Absorbed queries, and the means of rows that they see, in rows that nothing else needs by then, where they have the room. */
function absorbedPlaces(sizes: EncoderSizes, { tokens, sequences }: RowCounts): Record<'query' | 'mean', string> {
  const { hidden } = paddedSizes(sizes);
  const fits = (columns: number) => tokens * columns >= sequences * sizes.heads * sizes.width;
  return { query: fits(keyLayout(sizes).stride) ? 'qkv' : 'absorbedQuery', mean: fits(hidden) ? 'up' : 'absorbedMean' };
}

/** What `attendRead` writes besides readX, readQuery and its output. */
export function absorbedRows(sizes: EncoderSizes, capacity: RowCounts): BufferSpec[] {
  if (!absorbs(sizes)) return [];
  const { query, mean } = absorbedPlaces(sizes, capacity);
  const own = [query, mean].filter((name) => name.startsWith('absorbed'));
  return own.map((name) => scratch(name, 'sequences', sizes.heads * sizes.width));
}

/** The last layer's attention for the rows that are read, whose inputs become `readX`, over all packed rows `x`. */
export function attendRead(sizes: EncoderSizes, capacity: RowCounts, output: string): Step[] {
  const { width, attention, headWidth } = paddedSizes(sizes);
  const layer = sizes.layers - 1;
  const read = [
    gather('sequences', 'x', 'readRows', 'readX', width),
    project(sizes, layer, 'query', { rows: 'sequences', input: 'readX', output: 'readQuery' }),
  ];
  const ranges = 'readRanges';
  if (!absorbs(sizes)) {
    const keys = sizes.layers > 1 ? [project(sizes, layer, 'keyValue', PACKED_ROWS)] : [];
    return [...keys, ...read, attend(sizes, 'sequences', { query: 'readQuery', queryStride: attention, keyValue: 'qkv', ranges }, output)];
  }
  const { query, mean } = absorbedPlaces(sizes, capacity);
  const weight = `${layer}.qkv.weight`;
  const constants = { K: width, HEAD_WIDTH: headWidth };
  const stride = sizes.heads * width;
  return [
    ...read,
    {
      kernel: 'absorb-keys',
      rows: 'sequences',
      bindings: { input: 'readQuery', weight, output: query },
      constants,
      params: { columns: attention, weightColumn: attention },
    },
    {
      kernel: 'attention',
      rows: 'sequences',
      bindings: { query, keyValue: 'x', ranges, output: mean },
      constants: { HEADS: sizes.heads, KEY_HEADS: 1, HEAD_WIDTH: width, SCALE: attentionScale(sizes) },
      params: { queryStride: stride, keyStride: width, keyColumn: 0, valueColumn: 0, outputStride: stride },
    },
    {
      kernel: 'absorb-values',
      rows: 'sequences',
      bindings: { input: mean, weight, bias: `${layer}.qkv.bias`, output },
      constants,
      params: { columns: attention, weightColumn: 2 * attention },
    },
  ];
}

export function head(sizes: EncoderSizes): Step[] {
  const { width, labels } = paddedSizes(sizes);
  const common = { rows: 'sequences', K: width } as const;
  return [
    linear({ ...common, input: 'readX', output: 'pooled', weight: 'dense', columns: width, activation: sizes.headActivation }),
    linear({ ...common, input: 'pooled', output: 'logits', weight: 'classifier', columns: labels }),
    {
      kernel: 'finish',
      rows: 'sequences',
      bindings: { hidden: 'readX', logits: 'logits', output: 'output' },
      constants: { WIDTH: sizes.width, LABELS: sizes.labels },
      params: { hiddenStride: width, logitStride: labels },
    },
  ];
}
