import type { KernelCall } from './kernel-call.ts';

/**
 * Twin of shaders/gate.wgsl: input · g + mean · (1 − g) (+ residual, laid out as the output), g the gate of the row's sequence for the
 * column's group of groupWidth columns.
 */
export function gate({ buffers, constants, params, rows }: KernelCall): void {
  const { input, gates, mean, sequence, residual, output } = buffers;
  const { columns, inputStride, outputStride, outputColumn, gateStride, gateColumn, groupWidth, meanColumn } = params;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const g = gates[sequence[r] * gateStride + gateColumn + Math.floor(c / groupWidth)];
      const at = r * outputStride + outputColumn + c;
      output[at] = input[r * inputStride + c] * g + mean[meanColumn + c] * (1 - g) + (constants.RESIDUAL ? residual[at] : 0);
    }
}
