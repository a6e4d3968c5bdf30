import type { KernelCall } from './kernel-call.ts';

/** Twin of shaders/rms-norm.wgsl: x / √(mean of x² + ε) · gamma over the first WIDTH of STRIDE columns of each row; the padding becomes 0. */
export function rmsNorm({ buffers, constants, rows }: KernelCall): void {
  const { input, gamma, output } = buffers;
  const { WIDTH, STRIDE, EPSILON } = constants;
  for (let r = 0; r < rows; r++) {
    const at = r * STRIDE;
    let squares = 0;
    for (let c = 0; c < WIDTH; c++) squares += input[at + c] ** 2;
    const scale = 1 / Math.sqrt(squares / WIDTH + EPSILON);
    for (let c = 0; c < STRIDE; c++) output[at + c] = c < WIDTH ? input[at + c] * scale * gamma[c] : 0;
  }
}
