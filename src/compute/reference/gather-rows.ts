import type { KernelCall } from './kernel-call.ts';

/** Twin of shaders/gather-rows.wgsl: row r of the output is row index[r] of the input, its first `columns` columns. */
export function gatherRows({ buffers, params, rows }: KernelCall): void {
  const { input, index, output } = buffers;
  const { columns, inputStride, outputStride } = params;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) output[r * outputStride + c] = input[index[r] * inputStride + c];
}
