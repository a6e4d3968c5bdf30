/** What a step adds after a matrix product: an activation by number, so that a pipeline constant can choose it. */
export const ACTIVATIONS = { none: 0, gelu: 1, 'gelu-tanh': 2, relu: 3, tanh: 4, silu: 5 } as const;
export type Activation = keyof typeof ACTIVATIONS;

/** Everything a backend must know of a kernel besides its code. */
export interface KernelSignature {
  /** Buffers read, in binding order. */
  readonly reads: readonly string[];
  /** Reads a program may leave out. */
  readonly optional?: readonly string[];
  /** The one buffer written. */
  readonly writes: string;
  /** Slots whose numbers may lie in half precision where a device is asked for it. */
  readonly half?: readonly string[];
  /** Reads that may be packed weights (packed.ts). */
  readonly packed?: readonly string[];
  /** Constants fixed when a pipeline is compiled. */
  readonly constants: readonly string[];
  /** Numbers fixed when a program is prepared, in uniform order; steps that differ only here share a pipeline. At most eight. */
  readonly params: readonly string[];
}

/**
 * The kernels, by the stem their shader, twin and test share. Widths, strides and columns are counted in elements and are multiples
 * of 8; `K` is the depth of a product and the row stride of its input.
 */
export const KERNELS = {
  'layer-norm': {
    reads: ['input', 'gamma', 'beta'],
    writes: 'output',
    constants: ['WIDTH', 'STRIDE', 'EPSILON'],
    params: [],
  },
  'gather-rows': {
    reads: ['input', 'index'],
    writes: 'output',
    half: ['input', 'output'],
    constants: [],
    params: ['columns', 'inputStride', 'outputStride', 'inputColumn', 'outputColumn'],
  },
  matmul: {
    reads: ['input', 'weight', 'bias', 'residual'],
    optional: ['residual'],
    writes: 'output',
    half: ['input', 'weight', 'output'],
    packed: ['weight'],
    constants: ['K', 'ACTIVATION', 'RESIDUAL'],
    params: ['columns', 'weightColumn', 'outputStride', 'outputColumn'],
  },
  gate: {
    reads: ['input', 'gates', 'mean', 'sequence', 'residual'],
    optional: ['residual'],
    writes: 'output',
    constants: ['RESIDUAL'],
    params: ['columns', 'inputStride', 'outputStride', 'outputColumn', 'gateStride', 'gateColumn', 'groupWidth', 'meanColumn'],
  },
  attention: {
    reads: ['query', 'keyValue', 'ranges'],
    writes: 'output',
    half: ['query', 'keyValue', 'output'],
    constants: ['HEADS', 'KEY_HEADS', 'HEAD_WIDTH', 'SCALE'],
    params: ['queryStride', 'keyStride', 'keyColumn', 'valueColumn', 'outputStride'],
  },
  'absorb-keys': {
    reads: ['input', 'weight'],
    writes: 'output',
    half: ['input', 'weight', 'output'],
    packed: ['weight'],
    constants: ['K', 'HEAD_WIDTH'],
    params: ['columns', 'weightColumn'],
  },
  'absorb-values': {
    reads: ['input', 'weight', 'bias'],
    writes: 'output',
    half: ['input', 'weight', 'output'],
    packed: ['weight'],
    constants: ['K', 'HEAD_WIDTH'],
    params: ['columns', 'weightColumn'],
  },
  'causal-attention': {
    reads: ['query', 'keyValue', 'paths', 'ranges'],
    writes: 'output',
    constants: ['HEADS', 'KEY_HEADS', 'HEAD_WIDTH'],
    params: ['queryStride', 'keyStride', 'keyColumn', 'valueColumn', 'outputStride'],
  },
  'rms-norm': {
    reads: ['input', 'gamma'],
    writes: 'output',
    constants: ['WIDTH', 'STRIDE', 'EPSILON'],
    params: [],
  },
  'rotate-heads': {
    reads: ['input', 'position', 'rotations', 'gamma'],
    optional: ['gamma'],
    writes: 'output',
    constants: ['HEAD_WIDTH', 'HEAD_SIZE', 'NORM', 'EPSILON'],
    params: ['heads', 'inputStride', 'inputColumn', 'outputStride', 'outputColumn', 'gammaColumn'],
  },
  'gated-unit': {
    reads: ['input'],
    writes: 'output',
    constants: ['ACTIVATION'],
    params: ['columns', 'inputStride', 'outputStride'],
  },
  'token-scores': {
    reads: ['logits', 'targets'],
    writes: 'output',
    constants: [],
    params: ['columns', 'logitStride', 'firstToken'],
  },
  finish: {
    reads: ['hidden', 'logits'],
    writes: 'output',
    constants: ['WIDTH', 'LABELS'],
    params: ['hiddenStride', 'logitStride'],
  },
  fwht: {
    reads: ['input'],
    writes: 'output',
    constants: ['STAGES', 'STRIDED'],
    params: ['columns', 'first'],
  },
} as const satisfies Record<string, KernelSignature>;

export type KernelName = keyof typeof KERNELS;
