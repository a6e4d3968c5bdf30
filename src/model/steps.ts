import { ACTIVATIONS, type Activation } from '../compute/kernels.ts';
import type { BufferSpec, RowKind, Step } from '../compute/program.ts';

/** A linear map of some rows: which weights, and where its columns go. */
export interface Linear {
  readonly rows: RowKind;
  readonly input: string;
  readonly output: string;
  /** Its buffers are `weight`.weight and `weight`.bias. */
  readonly weight: string;
  readonly K: number;
  readonly columns: number;
  readonly weightColumn?: number;
  readonly outputStride?: number;
  readonly outputColumn?: number;
  readonly activation?: Activation;
  readonly residual?: string;
}

export function linear(l: Linear): Step {
  return {
    kernel: 'matmul',
    rows: l.rows,
    bindings: {
      input: l.input,
      weight: `${l.weight}.weight`,
      bias: `${l.weight}.bias`,
      output: l.output,
      ...(l.residual ? { residual: l.residual } : {}),
    },
    constants: { K: l.K, ACTIVATION: ACTIVATIONS[l.activation ?? 'none'], RESIDUAL: l.residual ? 1 : 0 },
    params: {
      columns: l.columns,
      weightColumn: l.weightColumn ?? 0,
      outputStride: l.outputStride ?? l.columns,
      outputColumn: l.outputColumn ?? 0,
    },
  };
}

/** Where the columns that `gather` takes lie, in elements; by default first in a row, and alone in a row of the output. */
export interface GatheredColumns {
  readonly inputStride?: number;
  readonly inputColumn?: number;
  readonly outputStride?: number;
  readonly outputColumn?: number;
}

/** Some columns of the rows that an index names. */
export function gather(rows: RowKind, input: string, index: string, output: string, columns: number, at: GatheredColumns = {}): Step {
  const { inputStride = columns, inputColumn = 0, outputStride = columns, outputColumn = 0 } = at;
  return {
    kernel: 'gather-rows',
    rows,
    bindings: { input, index, output },
    constants: {},
    params: { columns, inputStride, outputStride, inputColumn, outputColumn },
  };
}

/** A named input. */
export function input(name: string, rows: RowKind | number, columns: number, type: 'f32' | 'u32' = 'u32'): BufferSpec {
  return { name, kind: 'input', type, rows, columns };
}

/** A named intermediate. */
export function scratch(name: string, rows: RowKind | number, columns: number): BufferSpec {
  return { name, kind: 'scratch', type: 'f32', rows, columns };
}
