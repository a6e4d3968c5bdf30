import type { KernelCall } from './kernel-call.ts';

/**
 * Twin of shaders/rotate-heads.wgsl: pairs (i, i + HEAD_WIDTH / 2) of each head, after an RMS norm of the head where NORM is 1, turned by the
 * angles of the row's position; rotations (positions, HEAD_WIDTH) are cosines with sines behind them.
 */
export function rotateHeads({ buffers, constants, params, rows }: KernelCall): void {
  const { input, position, rotations, gamma, output } = buffers;
  const { HEAD_WIDTH, HEAD_SIZE, NORM, EPSILON } = constants;
  const { heads, inputStride, inputColumn, outputStride, outputColumn, gammaColumn } = params;
  const half = HEAD_WIDTH / 2;
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < heads; h++) {
      const at = r * inputStride + inputColumn + h * HEAD_WIDTH;
      const to = r * outputStride + outputColumn + h * HEAD_WIDTH;
      const turn = position[r] * HEAD_WIDTH;
      let squares = 0;
      for (let c = 0; c < HEAD_WIDTH; c++) squares += input[at + c] ** 2;
      const scale = 1 / Math.sqrt(squares / HEAD_SIZE + EPSILON);
      const normed = (c: number) => (NORM ? input[at + c] * scale * gamma[gammaColumn + h * HEAD_WIDTH + c] : input[at + c]);
      for (let c = 0; c < half; c++) {
        const [a, b] = [normed(c), normed(half + c)];
        const [cosine, sine] = [rotations[turn + c], rotations[turn + half + c]];
        output[to + c] = a * cosine - b * sine;
        output[to + half + c] = b * cosine + a * sine;
      }
    }
}
