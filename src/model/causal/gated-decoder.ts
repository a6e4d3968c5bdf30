import { type BufferSpec, type Program, padWidth, type RowCounts, type RowKind, type Step } from '../../compute/program.ts';
import { STAMP_COLUMNS } from '../../compute/stamp.ts';
import { gate, gateColumns, meanLayout } from '../gate-step.ts';
import { gather, input, scratch } from '../steps.ts';
import {
  afterAttention,
  attend,
  blockBuffers,
  blockNames,
  type DecoderSizes,
  head,
  headBuffers,
  PATHS_PER_TOKEN,
  paddedDecoder,
  projectNormed,
  QUERIES,
  ROWS,
  TABLE,
  turnBuffers,
  type WeightTypes,
  weightBuffers,
} from './decoder.ts';

const TEXTS = { query: 'tableQkv', keyValue: 'tableQkv', paths: 'tablePaths', ranges: 'tableRanges' } as const;
const OWN = { query: 'qkv', keyValue: 'qkv', paths: 'paths', ranges: 'rowRanges' } as const;

/**
 * `decoderProgram` with a gate on every attention head and MLP block of layer `from` and those after it, for each sequence its own: an output
 * is multiplied by its gate g, before the output projection where it is a head's, and its mean by 1 − g is added. What comes before the first
 * gate, layer `from`'s attention included, is computed once for each text of a chunk (rows tableRows: a tree of them). Inputs: tableSum
 * (tableRows, width), tablePaths, tableRanges, readRanges, readRows, readSequence, targets, gates (sequences, layers · (heads + 1)), means
 * (see meanLayout), unless `from` is the last layer tableRow, paths, rowRanges, sequence, and for rotary models those of `decoderProgram`.
 * readRows and readRanges are of the tree of each gating, or where it has none of that of the texts.
 */
export function gatedDecoderProgram(sizes: DecoderSizes, from: number, capacity: RowCounts, types?: WeightTypes): Program {
  const last = sizes.layers - 1;
  const packed = from < last;
  const steps = [
    ...wholeTexts(sizes, from),
    ...projectNormed(sizes, from, packed ? 'all' : 'keyValue', textsAt(from), TABLE),
    ...(packed ? gatedLayers(sizes, from) : []),
    gather('sequences', packed ? 'x' : textsAt(from), 'readRows', 'readX', paddedDecoder(sizes).width),
    ...projectNormed(sizes, last, 'query', 'readX', QUERIES),
    attend(sizes, 'sequences', { ...(packed ? OWN : TEXTS), query: 'readQuery', ranges: 'readRanges' }, 'readAttended'),
    ...gatedBlock(sizes, last, 'sequences', 'read', 'readSequence'),
    ...head(sizes),
  ];
  return { buffers: [...weightBuffers(sizes, types), ...inputs(sizes, packed, capacity), ...scratches(sizes, packed)], steps, capacity };
}

/** Where the residual rows of the texts are before a layer. */
function textsAt(layer: number): string {
  return layer === 0 ? 'tableSum' : 'tableX';
}

/** The layers before the first gate. */
function wholeTexts(sizes: DecoderSizes, from: number): Step[] {
  return Array.from({ length: from }, (_, layer) => [
    ...projectNormed(sizes, layer, 'all', textsAt(layer), TABLE),
    attend(sizes, 'tableRows', TEXTS, 'tableContext'),
    ...afterAttention(sizes, layer, { ...blockNames('table'), rows: 'tableRows', x: textsAt(layer), output: 'tableX' }),
  ]).flat();
}

/** Layers `from` to the last but one, on the rows of each gating, and the keys and values of the last. */
function gatedLayers(sizes: DecoderSizes, from: number): Step[] {
  const { width, attention } = paddedDecoder(sizes);
  const last = sizes.layers - 1;
  const steps = [
    attend(sizes, 'tableRows', TEXTS, 'tableContext'),
    gather('tokens', textsAt(from), 'tableRow', 'x', width),
    gather('tokens', 'tableContext', 'tableRow', 'attended', attention),
    ...gatedBlock(sizes, from, 'tokens', '', 'sequence'),
  ];
  for (let layer = from + 1; layer < last; layer++)
    steps.push(
      ...projectNormed(sizes, layer, 'all', 'x', ROWS),
      attend(sizes, 'tokens', OWN, 'attended'),
      ...gatedBlock(sizes, layer, 'tokens', '', 'sequence'),
    );
  return [...steps, ...projectNormed(sizes, last, 'keyValue', 'x', ROWS)];
}

const gatedNames = (prefix: string) =>
  prefix === '' ? { attended: 'attended', down: 'down' } : { attended: `${prefix}Attended`, down: `${prefix}Down` };

/** From attention's output to the layer's, the heads and the MLP block gated. */
function gatedBlock(sizes: DecoderSizes, layer: number, rows: RowKind, prefix: string, sequence: string): Step[] {
  const padded = paddedDecoder(sizes);
  const { headWidth, attention, width } = padded;
  const means = meanLayout(sizes.layers, padded);
  const names = blockNames(prefix);
  const { attended, down } = gatedNames(prefix);
  const common = { rows, sequence, gateStride: gateColumns(sizes) };
  const gateColumn = layer * (sizes.heads + 1);
  const heads = { columns: attention, stride: attention, groupWidth: headWidth, meanColumn: means.heads(layer), gateColumn };
  const mlp = { columns: width, stride: width, groupWidth: width, meanColumn: means.block(layer), gateColumn: gateColumn + sizes.heads };
  return [
    gate({ ...common, ...heads, input: attended, output: names.context }),
    ...afterAttention(sizes, layer, {
      ...{ rows, ...names },
      gated: { down, steps: [gate({ ...common, ...mlp, input: down, output: names.x, residual: names.y })] },
    }),
  ];
}

function inputs(sizes: DecoderSizes, packed: boolean, capacity: RowCounts): BufferSpec[] {
  const padded = paddedDecoder(sizes);
  return [
    input('tableSum', 'tableRows', padded.width, 'f32'),
    input('tablePaths', PATHS_PER_TOKEN * capacity.tableRows, 1),
    input('tableRanges', 'tableRows', 2),
    ...(packed
      ? [
          input('tableRow', 'tokens', 1),
          input('paths', PATHS_PER_TOKEN * capacity.tokens, 1),
          input('rowRanges', 'tokens', 2),
          input('sequence', 'tokens', 1),
        ]
      : []),
    input('readRanges', 'sequences', 2),
    input('readRows', 'sequences', 1),
    input('readSequence', 'sequences', 1),
    input('gates', 'sequences', gateColumns(sizes), 'f32'),
    input('means', 1, meanLayout(sizes.layers, padded).columns, 'f32'),
  ];
}

function scratches(sizes: DecoderSizes, packed: boolean): BufferSpec[] {
  const { width, attention, keys } = paddedDecoder(sizes);
  const gated = (prefix: string, rows: RowKind) => {
    const { attended, down } = gatedNames(prefix);
    return [...blockBuffers(sizes, prefix, rows), scratch(attended, rows, attention), scratch(down, rows, width)];
  };
  return [
    ...turnBuffers(sizes),
    ...blockBuffers(sizes, 'table', 'tableRows'),
    scratch('tableQkv', 'tableRows', attention + 2 * keys),
    ...(packed ? [scratch('qkv', 'tokens', attention + 2 * keys), ...gated('', 'tokens')] : []),
    ...gated('read', 'sequences'),
    ...headBuffers(sizes),
  ];
}

/**
 * The outputs of every head and MLP block, gates of 1, for each row of texts: (sequences, columns of meanLayout), a run having as many
 * `sequences` as table rows. Inputs: tableSum, tablePaths and tableRanges as above, tablePosition and rotations, own (row r is r), gates (a 1
 * and seven zeros) and means (zeros).
 */
export function captureDecoderProgram(sizes: DecoderSizes, capacity: RowCounts, types?: WeightTypes): Program {
  const padded = paddedDecoder(sizes);
  const { attention, width, keys } = padded;
  const means = meanLayout(sizes.layers, padded);
  // All rows share the one gate, whatever their sequence.
  const shared = { sequence: 'own', gateStride: 0, gateColumn: 0, meanColumn: 0 };
  const capture = (columns: number, from: string, outputColumn: number): Step =>
    gate({
      ...{ ...shared, rows: 'sequences', input: from, output: 'captured' },
      ...{ columns, stride: columns, groupWidth: columns, outputStride: means.columns, outputColumn },
    });
  const block = { columns: width, stride: width, groupWidth: width };
  const steps = Array.from({ length: sizes.layers }, (_, layer) => [
    ...projectNormed(sizes, layer, 'all', textsAt(layer), TABLE),
    attend(sizes, 'tableRows', TEXTS, 'tableContext'),
    capture(attention, 'tableContext', means.heads(layer)),
    ...afterAttention(sizes, layer, {
      ...{ ...blockNames('table'), rows: 'tableRows', x: textsAt(layer) },
      gated: {
        down: 'tableDown',
        steps: [
          capture(width, 'tableDown', means.block(layer)),
          gate({ ...shared, ...block, rows: 'tableRows', input: 'tableDown', output: 'tableX', residual: 'tableY' }),
        ],
      },
    }),
  ]).flat();
  steps.push({
    kernel: 'finish',
    rows: 'sequences',
    bindings: { hidden: 'captured', logits: 'captured', output: 'output' },
    constants: { WIDTH: 0, LABELS: means.columns },
    params: { hiddenStride: means.columns, logitStride: means.columns },
  });
  const buffers: BufferSpec[] = [
    ...weightBuffers(sizes, types),
    input('tableSum', 'tableRows', width, 'f32'),
    input('tablePaths', PATHS_PER_TOKEN * capacity.tableRows, 1),
    input('tableRanges', 'tableRows', 2),
    input('own', 'tableRows', 1),
    input('gates', 1, padWidth(1), 'f32'),
    input('means', 1, means.columns, 'f32'),
    ...turnBuffers(sizes),
    ...blockBuffers(sizes, 'table', 'tableRows'),
    scratch('tableQkv', 'tableRows', attention + 2 * keys),
    scratch('tableDown', 'tableRows', width),
    scratch('captured', 'sequences', means.columns),
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: means.columns + STAMP_COLUMNS },
  ];
  return { buffers, steps, capacity };
}
