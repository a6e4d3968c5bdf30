import type { KernelCall } from './kernel-call.ts';

/** Twin of shaders/gather-rows.wgsl: `columns` columns of row index[r] of the input, from inputColumn on, to row r of the output. */
export function gatherRows({ buffers, params, rows }: KernelCall): void {
  const { input, index, output } = buffers;
  const { columns, inputStride, outputStride, inputColumn, outputColumn } = params;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) output[r * outputStride + outputColumn + c] = input[index[r] * inputStride + inputColumn + c];
}
