import type { KernelCall } from './kernel-call.ts';

/**
 * Twin of shaders/token-scores.wgsl: over one stretch of the vocabulary after another, each row's highest logit, Σ e^(logit − highest), the
 * logits of its two targets, and the token of the highest.
 */
export function tokenScores({ buffers, params, rows }: KernelCall): void {
  const { logits, targets, output } = buffers;
  const { columns, logitStride, firstToken } = params;
  for (let r = 0; r < rows; r++) {
    const to = 8 * r;
    if (firstToken === 0) {
      output.fill(0, to, to + 8);
      output[to] = Number.NEGATIVE_INFINITY;
    }
    const before = output[to];
    for (let c = 0; c < columns; c++)
      if (logits[r * logitStride + c] > output[to]) {
        output[to] = logits[r * logitStride + c];
        output[to + 4] = firstToken + c;
      }
    let sum = output[to + 1] * Math.exp(before - output[to]);
    for (let c = 0; c < columns; c++) sum += Math.exp(logits[r * logitStride + c] - output[to]);
    output[to + 1] = sum;
    for (let t = 0; t < 2; t++) {
      const wanted = targets[2 * r + t] - firstToken;
      if (wanted >= 0 && wanted < columns) output[to + 2 + t] = logits[r * logitStride + wanted];
    }
  }
}
