import { parity } from '../../core/bits.ts';
import type { KernelCall } from './kernel-call.ts';

/**
 * Twin of shaders/fwht.wgsl: of each row, the sums Σ_s (−1)^⟨s,k⟩ x over the 2^STAGES numbers at distance 2^first whose index differs in
 * those bits only, written out, in float64.
 */
export function fwht({ buffers, constants, params, rows }: KernelCall): void {
  const { input, output } = buffers;
  const { columns, first } = params;
  const points = 2 ** constants.STAGES;
  const distance = 2 ** first;
  for (let i = 0; i < rows * columns; i++) {
    const k = Math.floor(i / distance) % points;
    const from = i - k * distance;
    let sum = 0;
    for (let s = 0; s < points; s++) sum += parity(s & k) ? -input[from + s * distance] : input[from + s * distance];
    output[i] = sum;
  }
}
