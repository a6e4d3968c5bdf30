import { type BufferSpec, type Program, padWidth, type RowCounts, type Step } from '../compute/program.ts';
import type { WeightTypes } from './causal/decoder.ts';
import {
  attentionScale,
  bodyWeights,
  type EncoderSizes,
  embed,
  embeddingScratches,
  keyLayout,
  outputRows,
  paddedSizes,
  project,
  wholeLayer,
} from './encoder.ts';
import { gather, input, scratch } from './steps.ts';

/** The query that attends to all rows alike. */
const ALIKE = 'pool.query';

/**
 * The forward pass of a chunk up to the mean of the last layer's rows of each sequence, special tokens included (Reimers and Gurevych
 * 2019, arXiv 1908.10084, MEAN): attention with queries of zero is the mean. Inputs: tableSum (tableRows, embedding width), tableRow,
 * rowRanges, readRanges. Output: features (sequences, width) behind their stamp.
 */
export function pooledProgram(sizes: EncoderSizes, capacity: RowCounts, types?: WeightTypes): Program {
  // Laid out as a model of several layers: every query is packed.
  const wide = { ...sizes, layers: Math.max(2, sizes.layers) };
  const { width, headWidth, attention, hidden, embeddingWidth } = paddedSizes(sizes);
  const { stride } = keyLayout(wide);
  const steps: Step[] = [
    ...embed(sizes),
    project(wide, 0, 'all', { rows: 'tableRows', input: 'tableX', output: 'tableQkv' }),
    gather('tokens', 'tableX', 'tableRow', 'x', width),
    gather('tokens', 'tableQkv', 'tableRow', 'qkv', stride),
  ];
  for (let layer = 0; layer < sizes.layers; layer++) {
    if (layer > 0) steps.push(project(wide, layer, 'all', { rows: 'tokens', input: 'x', output: 'qkv' }));
    steps.push(...wholeLayer(wide, layer));
  }
  // Heads as the layers have them, where they fill a row, take no pipeline of their own.
  const columns = width % headWidth === 0 ? headWidth : 8;
  steps.push(
    {
      kernel: 'attention',
      rows: 'sequences',
      bindings: { query: ALIKE, keyValue: 'x', ranges: 'readRanges', output: 'pooled' },
      constants: { HEADS: width / columns, KEY_HEADS: width / columns, HEAD_WIDTH: columns, SCALE: attentionScale(sizes) },
      params: { queryStride: 0, keyStride: width, keyColumn: 0, valueColumn: 0, outputStride: width },
    },
    {
      kernel: 'finish',
      rows: 'sequences',
      bindings: { hidden: 'pooled', logits: 'pooled', output: 'output' },
      constants: { WIDTH: sizes.width, LABELS: sizes.width },
      params: { hiddenStride: width, logitStride: width },
    },
  );
  const buffers: BufferSpec[] = [
    ...bodyWeights(sizes, types),
    { name: ALIKE, kind: 'weight', type: 'f32', rows: 1, columns: width },
    input('tableSum', 'tableRows', embeddingWidth, 'f32'),
    input('tableRow', 'tokens', 1),
    input('rowRanges', 'tokens', 2),
    input('readRanges', 'sequences', 2),
    ...embeddingScratches(sizes),
    scratch('tableQkv', 'tableRows', stride),
    ...[scratch('x', 'tokens', width), scratch('y', 'tokens', width), scratch('qkv', 'tokens', stride)],
    ...[scratch('context', 'tokens', attention), scratch('up', 'tokens', hidden)],
    scratch('pooled', 'sequences', width),
    outputRows(sizes.width),
  ];
  return { buffers, steps, capacity };
}

/** The weight that `pooledProgram` has besides those of the body. */
export function poolingWeights({ width }: Pick<EncoderSizes, 'width'>): ReadonlyMap<string, Float32Array> {
  return new Map([[ALIKE, new Float32Array(padWidth(width))]]);
}
