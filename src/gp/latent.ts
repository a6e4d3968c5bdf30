import { characterSums, columnsOf, type Members } from './frequencies.ts';
import type { Hyper } from './hyper.ts';
import { CONSTANT } from './kernel.ts';
import type { Pace } from './pace.ts';
import type { Process } from './process.ts';
import { firsts } from './surface.ts';
import { REACH } from './windows.ts';

/** Prior variance of the coefficient of each frequency. */
export function priorOf({ c, q, product, single }: Hyper, frequencies: readonly Members[]): Float64Array {
  const rho = c.map((v) => Math.tanh(v / 2));
  const scale = rho.reduce((left, r) => left / (1 + r), product);
  return Float64Array.from(frequencies, (members) => {
    const [i, j] = members;
    let variance = members.reduce((left, k) => left * rho[k], scale);
    if (members.length === 0) variance += CONSTANT;
    if (members.length === 1) variance += single * c[i];
    if (members.length === 2 && j - i <= REACH) variance += q[REACH * i + j - i - 1];
    return variance;
  });
}

/** Posterior means of the coefficients of the latent function, v_S·χ_Sᵀα; all frequencies are of the named parity. */
export async function latentCoefficients(
  { rows, weights, hyper }: Process,
  frequencies: readonly Members[],
  parity: 0 | 1,
  pace: Pace,
): Promise<Float64Array> {
  const units = rows.paired ? firsts(rows.masks) : rows.masks;
  // Of a pair, α of both rows at once: their characters are equal where the degree is even, opposite where it is odd.
  const alpha = rows.paired ? weights[parity].map((a) => Math.SQRT2 * a) : weights[0];
  const sums = await characterSums(units, await columnsOf(units, pace), frequencies, alpha.subarray(0, rows.units), pace);
  return priorOf(hyper, frequencies).map((v, k) => v * sums[k]);
}
