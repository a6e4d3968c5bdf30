import { PANEL } from '../panels.ts';
import type { KernelCall } from './kernel-call.ts';

/** Twin of shaders/absorb-keys.wgsl: output[r, h, k] = Σ_d input[r, h, d] · weight[k, weightColumn + h · HEAD_WIDTH + d]. */
export function absorbKeys({ buffers, constants, params, rows }: KernelCall): void {
  const { input, weight, output } = buffers;
  const { K, HEAD_WIDTH } = constants;
  const { columns, weightColumn } = params;
  const stride = (columns / HEAD_WIDTH) * K;
  for (let r = 0; r < rows; r++)
    for (let first = 0; first < columns; first += HEAD_WIDTH)
      for (let k = 0; k < K; k++) {
        let sum = 0;
        for (let c = first; c < first + HEAD_WIDTH; c++) {
          const w = weightColumn + c;
          sum += input[r * columns + c] * weight[(w - (w % PANEL)) * K + k * PANEL + (w % PANEL)];
        }
        output[r * stride + (first / HEAD_WIDTH) * K + k] = sum;
      }
}
