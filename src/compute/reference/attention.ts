import type { KernelCall } from './kernel-call.ts';

/**
 * Twin of shaders/attention.wgsl: for query row r and head h, softmax(SCALE · q · kᵀ) v over the key rows ranges[r] = [start, end);
 * HEADS / KEY_HEADS query heads share a key head.
 */
export function attention({ buffers, constants, params, rows }: KernelCall): void {
  const { query, keyValue, ranges, output } = buffers;
  const { HEADS, KEY_HEADS, HEAD_WIDTH, SCALE } = constants;
  const { queryStride, keyStride, keyColumn, valueColumn, outputStride } = params;
  let scores = new Float64Array(0);
  for (let r = 0; r < rows; r++) {
    const start = ranges[2 * r];
    const length = ranges[2 * r + 1] - start;
    if (scores.length < length) scores = new Float64Array(length);
    for (let h = 0; h < HEADS; h++) {
      const keyHead = Math.floor((h * KEY_HEADS) / HEADS) * HEAD_WIDTH;
      const q = r * queryStride + h * HEAD_WIDTH;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < length; i++) {
        const k = (start + i) * keyStride + keyColumn + keyHead;
        let score = 0;
        for (let d = 0; d < HEAD_WIDTH; d++) score += query[q + d] * keyValue[k + d];
        scores[i] = SCALE * score;
        most = Math.max(most, scores[i]);
      }
      let sum = 0;
      for (let i = 0; i < length; i++) {
        scores[i] = Math.exp(scores[i] - most);
        sum += scores[i];
      }
      const out = r * outputStride + h * HEAD_WIDTH;
      for (let d = 0; d < HEAD_WIDTH; d++) {
        let value = 0;
        for (let i = 0; i < length; i++) value += scores[i] * keyValue[(start + i) * keyStride + valueColumn + keyHead + d];
        output[out + d] = value / sum;
      }
    }
  }
}
