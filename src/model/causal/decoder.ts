import { ACTIVATIONS, type Activation } from '../../compute/kernels.ts';
import { type BufferSpec, type Program, padWidth, type RowCounts, type RowKind, rowsOf, type Step } from '../../compute/program.ts';
import { gather, input, linear, scratch } from '../steps.ts';
import { tokenScoreRows, tokenScores, tokenScoreWeights } from '../token-scores.ts';
import type { WeightType } from './stored.ts';

/** Sizes of a decoder with a norm before attention and before the MLP of each layer, and one before its head. */
export interface DecoderSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Heads of keys and values, a divisor of `heads`. */
  readonly keyHeads: number;
  readonly headSize: number;
  /** Width of the MLP. */
  readonly hidden: number;
  readonly activation: Activation;
  /** The MLP is activation(gate) · up rather than activation(up). */
  readonly gated: boolean;
  readonly norm: 'layer-norm' | 'rms-norm';
  readonly epsilon: number;
  /** Queries and keys are turned by their positions; otherwise positions are learned and part of the embeddings. */
  readonly rotary: boolean;
  /** Queries and keys go through an RMS norm of their own, head by head. */
  readonly headNorm: boolean;
  readonly vocabulary: number;
}

/** The same sizes as a program sees them: widths padded with zeros to a multiple of 8, heads too, so that each half of one is whole vectors. */
export function paddedDecoder(sizes: DecoderSizes) {
  const headWidth = padWidth(sizes.headSize);
  return {
    width: padWidth(sizes.width),
    headWidth,
    /** All query heads side by side, and all key heads. */
    attention: headWidth * sizes.heads,
    keys: headWidth * sizes.keyHeads,
    hidden: padWidth(sizes.hidden),
  };
}

/** Entries of the paths of one run, for each token row it may have: paths of sequences that begin alike overlap in rows, not in entries. */
export const PATHS_PER_TOKEN = 16;

/**
 * The forward pass of a chunk: layer 0's norm and Q, K, V once for each distinct (token, position) pair, whole layers on the rows of a tree
 * of prefixes, the last layer's queries and everything after them on the rows that are read. Inputs: tableSum (tableRows, width),
 * tableRow, paths, rowRanges, readRanges, readRows, targets (sequences, 2), and for rotary models tablePosition, rowPosition,
 * readPosition, rotations (a row for each position). Of rows that earlier runs have kept, and of those that this one is to keep, the keys and
 * values lie behind this run's: inputs held (0, 1, 2, …) and keep (the row that kept row k is to be from now on). Output: SCORE_COLUMNS of
 * each read row behind their stamp. `types` are those of the weights.
 */
export function decoderProgram(sizes: DecoderSizes, capacity: RowCounts, types?: WeightTypes): Program {
  const { width, attention, keys } = paddedDecoder(sizes);
  const stride = attention + 2 * keys;
  const steps: Step[] = [
    ...projectNormed(sizes, 0, 'all', 'tableSum', TABLE),
    gather('tokens', 'tableSum', 'tableRow', 'x', width),
    gather('tokens', 'tableQkv', 'tableRow', 'qkv', stride),
  ];
  for (let layer = 0; layer < sizes.layers; layer++) {
    const last = layer === sizes.layers - 1;
    if (layer > 0) steps.push(...projectNormed(sizes, layer, last ? 'keyValue' : 'all', 'x', ROWS));
    steps.push(...keep(sizes, layer, capacity));
    steps.push(...(last ? lastQueries(sizes, layer) : []), ...block(sizes, layer, last ? READ : WHOLE));
  }
  steps.push(...head(sizes));
  return { buffers: [...weightBuffers(sizes, types), ...rowBuffers(sizes, capacity)], steps, capacity };
}

/** How the numbers of each buffer of weights are stored. */
export type WeightTypes = (buffer: string) => WeightType;

export function weightBuffers(sizes: DecoderSizes, types: WeightTypes = () => 'f32'): BufferSpec[] {
  const { width, attention, keys, hidden } = paddedDecoder(sizes);
  const out: BufferSpec[] = [];
  const weight = (name: string, rows: number, columns: number) => out.push({ name, kind: 'weight', type: 'f32', rows, columns });
  const linearWeights = (name: string, K: number, columns: number) => {
    weight(`${name}.weight`, K, columns);
    weight(`${name}.bias`, 1, columns);
  };
  const normWeights = (name: string) => {
    weight(`${name}.gamma`, 1, width);
    if (sizes.norm === 'layer-norm') weight(`${name}.beta`, 1, width);
  };
  for (let layer = 0; layer < sizes.layers; layer++) {
    normWeights(`${layer}.attentionNorm`);
    linearWeights(`${layer}.qkv`, width, attention + 2 * keys);
    if (sizes.headNorm) weight(`${layer}.headNorm.gamma`, 1, attention + keys);
    linearWeights(`${layer}.projection`, attention, width);
    normWeights(`${layer}.mlpNorm`);
    linearWeights(`${layer}.up`, width, sizes.gated ? 2 * hidden : hidden);
    linearWeights(`${layer}.down`, hidden, width);
  }
  normWeights('norm');
  return [...out, ...tokenScoreWeights(sizes)].map((spec) => ({ ...spec, type: types(spec.name) }));
}

function rowBuffers(sizes: DecoderSizes, capacity: RowCounts): BufferSpec[] {
  const { width, attention, keys } = paddedDecoder(sizes);
  return [
    input('tableSum', 'tableRows', width, 'f32'),
    input('tableRow', 'tokens', 1),
    input('paths', PATHS_PER_TOKEN * capacity.tokens, 1),
    input('rowRanges', 'tokens', 2),
    input('readRanges', 'sequences', 2),
    input('readRows', 'sequences', 1),
    input('held', 'kept', 1),
    input('keep', 'kept', 1),
    ...turnBuffers(sizes),
    scratch('tableNormed', 'tableRows', width),
    scratch('tableQkv', 'tableRows', attention + 2 * keys),
    scratch('qkv', capacity.tokens + rowsOf(capacity, 'kept'), attention + 2 * keys),
    ...Array.from({ length: sizes.layers }, (_, layer) => ({ ...scratch(`kept.${layer}`, 'kept', 2 * keys), single: true as const })),
    ...blockBuffers(sizes, '', 'tokens'),
    ...blockBuffers(sizes, 'read', 'sequences'),
    ...headBuffers(sizes),
  ];
}

/** What rotations need; none where positions are learned. */
export function turnBuffers(sizes: DecoderSizes): BufferSpec[] {
  if (!sizes.rotary) return [];
  const { headWidth, attention, keys } = paddedDecoder(sizes);
  return [
    input('tablePosition', 'tableRows', 1),
    input('rowPosition', 'tokens', 1),
    input('readPosition', 'sequences', 1),
    input('rotations', 'tableRows', headWidth, 'f32'),
    scratch('tableRaw', 'tableRows', attention + keys),
    scratch('raw', 'tokens', attention + keys),
    scratch('readRaw', 'sequences', attention),
  ];
}

/** What a layer writes on its way. */
export function blockBuffers(sizes: DecoderSizes, prefix: string, rows: RowKind): BufferSpec[] {
  const { width, attention, hidden } = paddedDecoder(sizes);
  const { x, y, normed, context, gateUp, up } = blockNames(prefix);
  return [
    ...[x, y, normed].map((buffer) => scratch(buffer, rows, width)),
    scratch(context, rows, attention),
    ...(sizes.gated ? [scratch(gateUp, rows, 2 * hidden)] : []),
    scratch(up, rows, hidden),
  ];
}

/** Queries of the rows that are read, and their way through the head. */
export function headBuffers(sizes: DecoderSizes): BufferSpec[] {
  return [scratch('readQuery', 'sequences', paddedDecoder(sizes).attention), ...tokenScoreRows(sizes.vocabulary)];
}

/** A buffer's name with the prefix of its rows. */
function name(plain: string, prefix: string): string {
  return prefix === '' ? plain : `${prefix}${plain[0].toUpperCase()}${plain.slice(1)}`;
}

function norm(sizes: DecoderSizes, rows: RowKind, weight: string, input: string, output: string): Step {
  return {
    kernel: sizes.norm,
    rows,
    bindings: { input, gamma: `${weight}.gamma`, output, ...(sizes.norm === 'layer-norm' ? { beta: `${weight}.beta` } : {}) },
    constants: { WIDTH: sizes.width, STRIDE: padWidth(sizes.width), EPSILON: sizes.epsilon },
    params: {},
  };
}

/** Where a projection takes its rows from, normed, and puts them. */
export interface Projected {
  readonly rows: RowKind;
  readonly input: string;
  readonly raw: string;
  readonly output: string;
  readonly position: string;
}

export const TABLE: Projected = { rows: 'tableRows', input: 'tableNormed', raw: 'tableRaw', output: 'tableQkv', position: 'tablePosition' };
export const ROWS: Projected = { rows: 'tokens', input: 'normed', raw: 'raw', output: 'qkv', position: 'rowPosition' };
export const QUERIES: Projected = { rows: 'sequences', input: 'readNormed', raw: 'readRaw', output: 'readQuery', position: 'readPosition' };

/** Norms rows, and projects them. */
export function projectNormed(sizes: DecoderSizes, layer: number, part: 'all' | 'query' | 'keyValue', x: string, to: Projected): Step[] {
  return [norm(sizes, to.rows, `${layer}.attentionNorm`, x, to.input), ...project(sizes, layer, part, to)];
}

/** Part of a layer's Q, K and V from normed rows; all parts share one weight. Q and K are turned on their way, where the model does that. */
function project(sizes: DecoderSizes, layer: number, part: 'all' | 'query' | 'keyValue', to: Projected): Step[] {
  const { width, attention, keys } = paddedDecoder(sizes);
  const { rows, input, raw, output } = to;
  const stride = attention + 2 * keys;
  const common = { rows, input, weight: `${layer}.qkv`, K: width };
  const outputStride = part === 'query' ? attention : stride;
  const first = part === 'keyValue' ? attention : 0;
  const turned = { all: attention + keys, query: attention, keyValue: keys }[part];
  if (!sizes.rotary) {
    const columns = part === 'query' ? attention : stride - first;
    return [linear({ ...common, output, columns, weightColumn: first, outputStride, outputColumn: first })];
  }
  const values = { columns: keys, weightColumn: attention + keys, outputStride, outputColumn: attention + keys };
  return [
    linear({ ...common, output: raw, columns: turned, weightColumn: first }),
    ...(part === 'query' ? [] : [linear({ ...common, output, ...values })]),
    rotate(sizes, layer, to, { columns: turned, first, outputStride }),
  ];
}

function rotate(
  sizes: DecoderSizes,
  layer: number,
  { rows, raw, output, position }: Projected,
  { columns, first, outputStride }: { columns: number; first: number; outputStride: number },
): Step {
  const { headWidth } = paddedDecoder(sizes);
  return {
    kernel: 'rotate-heads',
    rows,
    bindings: { input: raw, position, rotations: 'rotations', output, ...(sizes.headNorm ? { gamma: `${layer}.headNorm.gamma` } : {}) },
    constants: { HEAD_WIDTH: headWidth, HEAD_SIZE: sizes.headSize, NORM: sizes.headNorm ? 1 : 0, EPSILON: sizes.epsilon },
    params: { heads: columns / headWidth, inputStride: columns, inputColumn: 0, outputStride, outputColumn: first, gammaColumn: first },
  };
}

/** Lays the keys and values that are kept of a layer behind those of this run, and keeps what is to be kept of both. */
function keep(sizes: DecoderSizes, layer: number, { tokens }: RowCounts): Step[] {
  const { attention, keys } = paddedDecoder(sizes);
  const stride = attention + 2 * keys;
  const kept = `kept.${layer}`;
  return [
    gather('kept', kept, 'held', 'qkv', 2 * keys, { outputStride: stride, outputColumn: tokens * stride + attention }),
    gather('kept', 'qkv', 'keep', kept, 2 * keys, { inputStride: stride, inputColumn: attention }),
  ];
}

/** Residual rows and queries of the rows that are read; a model of one layer has projected them already. */
function lastQueries(sizes: DecoderSizes, layer: number): Step[] {
  const { width, attention, keys } = paddedDecoder(sizes);
  const rows = gather('sequences', 'x', 'readRows', 'readX', width);
  if (layer === 0) return [rows, gather('sequences', 'qkv', 'readRows', 'readQuery', attention, { inputStride: attention + 2 * keys })];
  return [rows, ...projectNormed(sizes, layer, 'query', 'readX', QUERIES)];
}

/** The buffers of a layer on all rows, or on those that are read. */
interface Block {
  readonly rows: RowKind;
  readonly prefix: string;
  readonly query: string;
  readonly ranges: string;
}

const WHOLE: Block = { rows: 'tokens', prefix: '', query: 'qkv', ranges: 'rowRanges' };
const READ: Block = { rows: 'sequences', prefix: 'read', query: 'readQuery', ranges: 'readRanges' };

function block(sizes: DecoderSizes, layer: number, { rows, prefix, query, ranges }: Block): Step[] {
  const names = blockNames(prefix);
  return [
    attend(sizes, rows, { query, keyValue: 'qkv', paths: 'paths', ranges }, names.context),
    ...afterAttention(sizes, layer, { rows, ...names }),
  ];
}

/** The buffers of a layer whose names begin with a prefix. */
export function blockNames(prefix: string) {
  const [x, y, normed, context, gateUp, up] = ['x', 'y', 'normed', 'context', 'gateUp', 'up'].map((plain) => name(plain, prefix));
  return { x, y, normed, context, gateUp, up };
}

/** Rows of queries, among the keys and values where they are bound to the same buffer, over the paths of their ranges. */
export function attend(
  sizes: DecoderSizes,
  rows: RowKind,
  { query, keyValue, paths, ranges }: Readonly<Record<'query' | 'keyValue' | 'paths' | 'ranges', string>>,
  output: string,
): Step {
  const { headWidth, attention, keys } = paddedDecoder(sizes);
  const stride = attention + 2 * keys;
  return {
    kernel: 'causal-attention',
    rows,
    bindings: { query, keyValue, paths, ranges, output },
    constants: { HEADS: sizes.heads, KEY_HEADS: sizes.keyHeads, HEAD_WIDTH: headWidth },
    params: {
      queryStride: query === keyValue ? stride : attention,
      keyStride: stride,
      keyColumn: attention,
      valueColumn: attention + keys,
      outputStride: attention,
    },
  };
}

/** What follows attention in a layer: buffers, and steps between the MLP's last map, which then writes `down`, and the residual, which they add. */
export interface AfterAttention extends ReturnType<typeof blockNames> {
  readonly rows: RowKind;
  /** Where the layer's output goes; default x. */
  readonly output?: string;
  readonly gated?: { readonly down: string; readonly steps: readonly Step[] };
}

/** From attention's output to the layer's: projection, norm, MLP. */
export function afterAttention(sizes: DecoderSizes, layer: number, buffers: AfterAttention): Step[] {
  const { rows, x, y, normed, context, gateUp, up, output = x, gated } = buffers;
  const { width, attention, hidden } = paddedDecoder(sizes);
  const gate: Step = {
    kernel: 'gated-unit',
    rows,
    bindings: { input: gateUp, output: up },
    constants: { ACTIVATION: ACTIVATIONS[sizes.activation] },
    params: { columns: hidden, inputStride: 2 * hidden, outputStride: hidden },
  };
  const upward = { rows, input: normed, weight: `${layer}.up`, K: width };
  const down = { rows, input: up, weight: `${layer}.down`, K: hidden, columns: width };
  return [
    linear({ rows, input: context, output: y, weight: `${layer}.projection`, K: attention, columns: width, residual: x }),
    norm(sizes, rows, `${layer}.mlpNorm`, y, normed),
    ...(sizes.gated
      ? [linear({ ...upward, output: gateUp, columns: 2 * hidden }), gate]
      : [linear({ ...upward, output: up, columns: hidden, activation: sizes.activation })]),
    ...(gated ? [linear({ ...down, output: gated.down }), ...gated.steps] : [linear({ ...down, output, residual: y })]),
  ];
}

/** Norm and head of the rows that are read. */
export function head(sizes: DecoderSizes): Step[] {
  return [norm(sizes, 'sequences', 'norm', 'readX', 'readNormed'), ...tokenScores(sizes, 'readNormed')];
}
