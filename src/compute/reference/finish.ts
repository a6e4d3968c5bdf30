import type { KernelCall } from './kernel-call.ts';

/**
 * Twin of shaders/finish.wgsl: copies LABELS logits of each row and writes behind them the number of the run and how many of the
 * row's WIDTH hidden numbers and logits are not finite.
 */
export function finish({ buffers, constants, params, rows, serial }: KernelCall): void {
  const { hidden, logits, output } = buffers;
  const { WIDTH, LABELS } = constants;
  const { hiddenStride, logitStride } = params;
  for (let r = 0; r < rows; r++) {
    const out = r * (LABELS + 2);
    let wrong = 0;
    for (let c = 0; c < WIDTH; c++) if (!Number.isFinite(hidden[r * hiddenStride + c])) wrong++;
    for (let c = 0; c < LABELS; c++) {
      const logit = logits[r * logitStride + c];
      if (!Number.isFinite(logit)) wrong++;
      output[out + c] = logit;
    }
    output[out + LABELS] = serial;
    output[out + LABELS + 1] = wrong;
  }
}
