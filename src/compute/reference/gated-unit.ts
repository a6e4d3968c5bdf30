import type { KernelCall } from './kernel-call.ts';
import { activate } from './matmul.ts';

/** Twin of shaders/gated-unit.wgsl: activation(gate) · up, the gate in the first and up in the second `columns` columns of an input row. */
export function gatedUnit({ buffers, constants, params, rows }: KernelCall): void {
  const { input, output } = buffers;
  const { columns, inputStride, outputStride } = params;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const at = r * inputStride + c;
      output[r * outputStride + c] = activate(constants.ACTIVATION, input[at]) * input[at + columns];
    }
}
