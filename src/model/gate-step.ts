import type { RowKind, Step } from '../compute/program.ts';

/** Gates of a sequence: of each layer its heads, then its MLP block. */
export function gateColumns({ layers, heads }: { readonly layers: number; readonly heads: number }): number {
  return layers * (heads + 1);
}

/** Where the mean outputs of a layer's heads and of its MLP block lie in a row of means, and how long that row is; widths as padded. */
export function meanLayout(layers: number, { attention, width }: { readonly attention: number; readonly width: number }) {
  const layer = attention + width;
  return { columns: layers * layer, heads: (l: number) => l * layer, block: (l: number) => l * layer + attention };
}

/** One `gate` step in buffers by name; without an output stride of its own the output is laid out as the input. */
export interface Gate {
  readonly rows: RowKind;
  readonly input: string;
  readonly output: string;
  readonly residual?: string;
  readonly sequence: string;
  readonly columns: number;
  readonly stride: number;
  readonly groupWidth: number;
  readonly gateStride: number;
  readonly gateColumn: number;
  readonly meanColumn: number;
  readonly outputStride?: number;
  readonly outputColumn?: number;
}

export function gate(g: Gate): Step {
  return {
    kernel: 'gate',
    rows: g.rows,
    bindings: {
      input: g.input,
      gates: 'gates',
      mean: 'means',
      sequence: g.sequence,
      output: g.output,
      ...(g.residual ? { residual: g.residual } : {}),
    },
    constants: { RESIDUAL: g.residual ? 1 : 0 },
    params: {
      columns: g.columns,
      inputStride: g.stride,
      outputStride: g.outputStride ?? g.stride,
      outputColumn: g.outputColumn ?? 0,
      gateStride: g.gateStride,
      gateColumn: g.gateColumn,
      groupWidth: g.groupWidth,
      meanColumn: g.meanColumn,
    },
  };
}
