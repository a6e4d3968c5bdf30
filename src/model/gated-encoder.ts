import type { BufferSpec, Program, RowCounts, RowKind, Step } from '../compute/program.ts';
import type { WeightTypes } from './causal/decoder.ts';
import {
  absorbedRows,
  afterAttention,
  attend,
  attendRead,
  type EncoderSizes,
  embed,
  embeddingScratches,
  head,
  keyLayout,
  outputRows,
  paddedSizes,
  project,
  weightBuffers,
} from './encoder.ts';
import { gate, gateColumns, meanLayout } from './gate-step.ts';
import { gather, input, scratch } from './steps.ts';

/**
 * `encoderProgram` with a gate on every attention head and MLP block of layer `from` and those after it, for each sequence its own: an
 * output is multiplied by its gate g, before the output projection where it is a head's, and its mean by 1 − g is added. What comes before
 * the first gate, layer `from`'s attention included, is computed once for each text of a chunk (rows tableRows: texts end to end).
 * Inputs: tableSum (tableRows, embedding width), tableRanges, readRanges, readRows, readSequence, gates (sequences, layers · (heads + 1)),
 * means (see meanLayout), and unless `from` is the last layer tableRow, rowRanges, sequence. readRows and readRanges point to packed
 * rows, or where there are none to rows of texts.
 */
export function gatedEncoderProgram(sizes: EncoderSizes, from: number, capacity: RowCounts, types?: WeightTypes): Program {
  const last = sizes.layers - 1;
  const steps: Step[] = [...embed(sizes)];
  const texts = { query: 'tableQkv', queryStride: keyLayout(sizes).stride, keyValue: 'tableQkv', ranges: 'tableRanges' };
  for (let layer = 0; layer < from; layer++)
    steps.push(
      project(sizes, layer, 'all', { rows: 'tableRows', input: 'tableX', output: 'tableQkv' }),
      attend(sizes, 'tableRows', texts, 'tableContext'),
      ...afterAttention(sizes, layer, { rows: 'tableRows', x: 'tableX', y: 'tableY', context: 'tableContext', up: 'tableUp' }),
    );
  const part = from === last ? 'keyValue' : 'all';
  steps.push(project(sizes, from, part, { rows: 'tableRows', input: 'tableX', output: 'tableQkv' }));
  if (from < last) steps.push(...wholeLayers(sizes, from, texts), ...attendRead(sizes, capacity, READ.attended));
  else steps.push(...attendTexts(sizes));
  steps.push(...gatedBlock(sizes, last, READ), ...head(sizes));
  return { buffers: [...weightBuffers(sizes, types), ...inputs(sizes, from), ...scratches(sizes, from, capacity)], steps, capacity };
}

/** Layers `from` to the last but one, on every packed row. */
function wholeLayers(sizes: EncoderSizes, from: number, texts: Parameters<typeof attend>[2]): Step[] {
  const { width, attention } = paddedSizes(sizes);
  const steps: Step[] = [
    attend(sizes, 'tableRows', texts, 'tableContext'),
    gather('tokens', 'tableX', 'tableRow', 'x', width),
    gather('tokens', 'tableContext', 'tableRow', 'attended', attention),
    ...gatedBlock(sizes, from, WHOLE),
  ];
  const own = { query: 'qkv', queryStride: keyLayout(sizes).stride, keyValue: 'qkv', ranges: 'rowRanges' };
  const last = sizes.layers - 1;
  for (let layer = from + 1; layer < last; layer++)
    steps.push(
      project(sizes, layer, 'all', { rows: 'tokens', input: 'x', output: 'qkv' }),
      attend(sizes, 'tokens', own, 'attended'),
      ...gatedBlock(sizes, layer, WHOLE),
    );
  return steps;
}

/** The last layer's attention where no layer before it has a gate: over the rows of texts, whose keys all sequences share. */
function attendTexts(sizes: EncoderSizes): Step[] {
  const { width, attention } = paddedSizes(sizes);
  const from = { query: 'readQuery', queryStride: attention, keyValue: 'tableQkv', ranges: 'readRanges' };
  return [
    gather('sequences', 'tableX', 'readRows', 'readX', width),
    project(sizes, sizes.layers - 1, 'query', { rows: 'sequences', input: 'readX', output: 'readQuery' }),
    attend(sizes, 'sequences', from, READ.attended),
  ];
}

interface GatedBuffers {
  readonly rows: RowKind;
  readonly sequence: string;
  readonly x: string;
  readonly y: string;
  readonly attended: string;
  readonly context: string;
  readonly up: string;
  readonly down: string;
}

const WHOLE: GatedBuffers = {
  rows: 'tokens',
  sequence: 'sequence',
  x: 'x',
  y: 'y',
  attended: 'attended',
  context: 'context',
  up: 'up',
  down: 'down',
};
const READ: GatedBuffers = {
  rows: 'sequences',
  sequence: 'readSequence',
  x: 'readX',
  y: 'readY',
  attended: 'readAttended',
  context: 'readContext',
  up: 'readUp',
  down: 'readDown',
};

/** From attention's output to the layer's, the heads and the MLP block gated. */
function gatedBlock(sizes: EncoderSizes, layer: number, { rows, sequence, x, y, attended, context, up, down }: GatedBuffers): Step[] {
  const padded = paddedSizes(sizes);
  const { headWidth, attention, width } = padded;
  const means = meanLayout(sizes.layers, padded);
  const gateColumn = layer * (sizes.heads + 1);
  const common = { rows, sequence, gateStride: gateColumns(sizes) };
  const heads = { columns: sizes.heads * headWidth, stride: attention, groupWidth: headWidth, meanColumn: means.heads(layer) };
  const block = { columns: width, stride: width, groupWidth: width, meanColumn: means.block(layer) };
  return [
    gate({ ...common, ...heads, input: attended, output: context, gateColumn }),
    ...afterAttention(sizes, layer, {
      rows,
      x,
      y,
      context,
      up,
      gated: { down, steps: [gate({ ...common, ...block, input: down, output: y, residual: x, gateColumn: gateColumn + sizes.heads })] },
    }),
  ];
}

function inputs(sizes: EncoderSizes, from: number): BufferSpec[] {
  const padded = paddedSizes(sizes);
  const packed = from < sizes.layers - 1;
  return [
    input('tableSum', 'tableRows', padded.embeddingWidth, 'f32'),
    input('tableRanges', 'tableRows', 2),
    ...(packed ? [input('tableRow', 'tokens', 1), input('rowRanges', 'tokens', 2), input('sequence', 'tokens', 1)] : []),
    input('readRanges', 'sequences', 2),
    input('readRows', 'sequences', 1),
    input('readSequence', 'sequences', 1),
    input('gates', 'sequences', gateColumns(sizes), 'f32'),
    input('means', 1, meanLayout(sizes.layers, padded).columns, 'f32'),
  ];
}

function scratches(sizes: EncoderSizes, from: number, capacity: RowCounts): BufferSpec[] {
  const { width, attention, hidden, labels } = paddedSizes(sizes);
  const { stride } = keyLayout(sizes);
  const packed = from < sizes.layers - 1;
  const block = (rows: RowKind, { x, y, attended, context, up, down }: GatedBuffers) => [
    scratch(x, rows, width),
    scratch(y, rows, width),
    scratch(attended, rows, attention),
    scratch(context, rows, attention),
    scratch(up, rows, hidden),
    scratch(down, rows, width),
  ];
  return [
    ...embeddingScratches(sizes),
    scratch('tableQkv', 'tableRows', stride),
    ...(packed || from > 0 ? [scratch('tableContext', 'tableRows', attention)] : []),
    ...(from > 0 ? [scratch('tableY', 'tableRows', width), scratch('tableUp', 'tableRows', hidden)] : []),
    ...(packed ? [scratch('qkv', 'tokens', stride), ...block('tokens', WHOLE), ...absorbedRows(sizes, capacity)] : []),
    scratch('readQuery', 'sequences', attention),
    ...block('sequences', READ),
    scratch('pooled', 'sequences', width),
    scratch('logits', 'sequences', labels),
    outputRows(sizes.labels),
  ];
}
