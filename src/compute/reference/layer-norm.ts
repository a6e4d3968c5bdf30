import type { KernelCall } from './kernel-call.ts';

/** Twin of shaders/layer-norm.wgsl: (x − mean) / √(variance + ε) · gamma + beta over the first WIDTH of STRIDE columns of each row. */
export function layerNorm({ buffers, constants, rows }: KernelCall): void {
  const { input, gamma, beta, output } = buffers;
  const { WIDTH, STRIDE, EPSILON } = constants;
  for (let r = 0; r < rows; r++) {
    const at = r * STRIDE;
    let sum = 0;
    for (let c = 0; c < WIDTH; c++) sum += input[at + c];
    const mean = sum / WIDTH;
    let squares = 0;
    for (let c = 0; c < WIDTH; c++) squares += (input[at + c] - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / WIDTH + EPSILON);
    for (let c = 0; c < STRIDE; c++) output[at + c] = c < WIDTH ? (input[at + c] - mean) * scale * gamma[c] + beta[c] : 0;
  }
}
