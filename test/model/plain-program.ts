import { ACTIVATIONS } from '../../src/compute/kernels.ts';
import type { Program, RowKind, Step } from '../../src/compute/program.ts';
import { type EncoderSizes, encoderProgram, paddedSizes } from '../../src/model/encoder.ts';

/**
 * The same forward pass with nothing saved: no row table (tableSum holds a row for every token, in order), every layer whole on every
 * token, and the read rows picked only once all layers are done. It takes the weights and inputs of `encoderProgram`.
 */
export function plainProgram(sizes: EncoderSizes, tokens: number): Program {
  const { width, headWidth, attention, hidden, labels } = paddedSizes(sizes);
  const linear = (rows: RowKind, input: string, weight: string, output: string, K: number, columns: number, more: object = {}): Step => {
    const { residual, activation } = more as { residual?: string; activation?: keyof typeof ACTIVATIONS };
    return {
      kernel: 'matmul',
      rows,
      bindings: { input, weight: `${weight}.weight`, bias: `${weight}.bias`, output, ...(residual ? { residual } : {}) },
      constants: { K, ACTIVATION: ACTIVATIONS[activation ?? 'none'], RESIDUAL: residual ? 1 : 0 },
      params: { columns, weightColumn: 0, outputStride: columns, outputColumn: 0 },
    };
  };
  const norm = (weight: string, input: string, output: string): Step => ({
    kernel: 'layer-norm',
    rows: 'tokens',
    bindings: { input, gamma: `${weight}.gamma`, beta: `${weight}.beta`, output },
    constants: { WIDTH: sizes.width, STRIDE: width, EPSILON: sizes.epsilon },
    params: {},
  });
  const layers = Array.from({ length: sizes.layers }, (_, l): Step[] => [
    linear('tokens', 'x', `${l}.qkv`, 'qkv', width, 3 * attention),
    {
      kernel: 'attention',
      rows: 'tokens',
      bindings: { query: 'qkv', keyValue: 'qkv', ranges: 'rowRanges', output: 'context' },
      constants: { HEADS: sizes.heads, KEY_HEADS: sizes.heads, HEAD_WIDTH: headWidth, SCALE: 1 / Math.sqrt(sizes.width / sizes.heads) },
      params: {
        queryStride: 3 * attention,
        keyStride: 3 * attention,
        keyColumn: attention,
        valueColumn: 2 * attention,
        outputStride: attention,
      },
    },
    linear('tokens', 'context', `${l}.projection`, 'y', attention, width, { residual: 'x' }),
    norm(`${l}.attentionNorm`, 'y', 'x'),
    linear('tokens', 'x', `${l}.up`, 'up', width, hidden, { activation: sizes.activation }),
    linear('tokens', 'up', `${l}.down`, 'y', hidden, width, { residual: 'x' }),
    norm(`${l}.outputNorm`, 'y', 'x'),
  ]);
  const capacity = { tokens, tableRows: tokens, sequences: tokens };
  const pruned = encoderProgram(sizes, capacity);
  const scratch = (name: string, columns: number) => ({ name, kind: 'scratch', type: 'f32', rows: 'tokens', columns }) as const;
  return {
    capacity,
    buffers: [
      ...pruned.buffers.filter((b) => b.kind !== 'scratch'),
      scratch('x', width),
      scratch('y', width),
      scratch('qkv', 3 * attention),
      scratch('context', attention),
      scratch('up', hidden),
      scratch('readX', width),
      scratch('pooled', width),
      scratch('logits', labels),
    ],
    steps: [
      norm('embedding.norm', 'tableSum', 'x'),
      ...layers.flat(),
      {
        kernel: 'gather-rows',
        rows: 'sequences',
        bindings: { input: 'x', index: 'readRows', output: 'readX' },
        constants: {},
        params: { columns: width, inputStride: width, outputStride: width, inputColumn: 0, outputColumn: 0 },
      },
      linear('sequences', 'readX', 'dense', 'pooled', width, width, { activation: sizes.headActivation }),
      linear('sequences', 'pooled', 'classifier', 'logits', width, labels),
      pruned.steps[pruned.steps.length - 1],
    ],
  };
}
