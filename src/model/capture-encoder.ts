import { type BufferSpec, type Program, padWidth, type RowCounts, type Step } from '../compute/program.ts';
import type { WeightTypes } from './causal/decoder.ts';
import {
  afterAttention,
  attend,
  type EncoderSizes,
  embed,
  embeddingScratches,
  keyLayout,
  outputRows,
  paddedSizes,
  project,
  weightBuffers,
} from './encoder.ts';
import { gate, meanLayout } from './gate-step.ts';
import { gather, input, scratch } from './steps.ts';

/**
 * The outputs of every head and MLP block, gates of 1, for each packed row: (sequences, columns of meanLayout), a run having as many
 * `sequences` as tokens. Inputs: tableSum, tableRow and rowRanges as for `encoderProgram`, gates (a 1 and seven zeros) and means (zeros).
 */
export function captureProgram(sizes: EncoderSizes, capacity: RowCounts, types?: WeightTypes): Program {
  // Laid out as a model of several layers: every query is packed.
  const wide = { ...sizes, layers: Math.max(2, sizes.layers) };
  const padded = paddedSizes(sizes);
  const { width, attention, hidden, embeddingWidth } = padded;
  const means = meanLayout(sizes.layers, padded);
  const { stride } = keyLayout(wide);
  // All rows share the one gate, whatever their sequence.
  const whole = { rows: 'tokens', sequence: 'tableRow', gateStride: 0, gateColumn: 0, meanColumn: 0 } as const;
  const block = { columns: width, stride: width, groupWidth: width };
  const capture = (columns: number, from: string, outputColumn: number): Step =>
    gate({
      ...{ ...whole, rows: 'sequences', input: from, output: 'captured' },
      ...{ columns, stride: columns, groupWidth: columns, outputStride: means.columns, outputColumn },
    });
  const steps: Step[] = [...embed(sizes), gather('tokens', 'tableX', 'tableRow', 'x', width)];
  for (let layer = 0; layer < sizes.layers; layer++)
    steps.push(
      project(wide, layer, 'all', { rows: 'tokens', input: 'x', output: 'qkv' }),
      attend(wide, 'tokens', { query: 'qkv', queryStride: stride, keyValue: 'qkv', ranges: 'rowRanges' }, 'context'),
      capture(attention, 'context', means.heads(layer)),
      ...afterAttention(sizes, layer, {
        ...{ rows: 'tokens', x: 'x', y: 'y', context: 'context', up: 'up' },
        gated: {
          down: 'down',
          steps: [capture(width, 'down', means.block(layer)), gate({ ...whole, ...block, input: 'down', output: 'y', residual: 'x' })],
        },
      }),
    );
  steps.push({
    kernel: 'finish',
    rows: 'sequences',
    bindings: { hidden: 'captured', logits: 'captured', output: 'output' },
    constants: { WIDTH: 0, LABELS: means.columns },
    params: { hiddenStride: means.columns, logitStride: means.columns },
  });
  const buffers: BufferSpec[] = [
    ...weightBuffers(sizes, types),
    input('tableSum', 'tableRows', embeddingWidth, 'f32'),
    input('tableRow', 'tokens', 1),
    input('rowRanges', 'tokens', 2),
    input('gates', 1, padWidth(1), 'f32'),
    input('means', 1, means.columns, 'f32'),
    ...embeddingScratches(sizes),
    ...[scratch('x', 'tokens', width), scratch('y', 'tokens', width), scratch('qkv', 'tokens', stride)],
    ...[scratch('context', 'tokens', attention), scratch('up', 'tokens', hidden), scratch('down', 'tokens', width)],
    scratch('captured', 'sequences', means.columns),
    outputRows(means.columns),
  ];
  return { buffers, steps, capacity };
}
