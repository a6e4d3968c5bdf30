import { PANEL } from '../panels.ts';
import type { KernelCall } from './kernel-call.ts';

/** Twin of shaders/absorb-values.wgsl: output[r, c] = Σ_k input[r, head of c, k] · weight[k, weightColumn + c] + bias[weightColumn + c]. */
export function absorbValues({ buffers, constants, params, rows }: KernelCall): void {
  const { input, weight, bias, output } = buffers;
  const { K, HEAD_WIDTH } = constants;
  const { columns, weightColumn } = params;
  const stride = (columns / HEAD_WIDTH) * K;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const w = weightColumn + c;
      const panel = (w - (w % PANEL)) * K + (w % PANEL);
      const head = r * stride + Math.floor(c / HEAD_WIDTH) * K;
      let sum = 0;
      for (let k = 0; k < K; k++) sum += input[head + k] * weight[panel + k * PANEL];
      output[r * columns + c] = sum + bias[w];
    }
}
