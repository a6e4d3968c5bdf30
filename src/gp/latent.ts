import { fwht } from '../spectrum/fwht.ts';
import { characterSums, columnsOf, type Members } from './frequencies.ts';
import type { Hyper } from './hyper.ts';
import { CONSTANT } from './kernel.ts';
import type { Pace } from './pace.ts';
import type { Process } from './process.ts';
import { suffixCoefficients } from './suffix-spectrum.ts';
import { firsts } from './surface.ts';
import { REACH } from './windows.ts';

/** Prior variance of the coefficient of each frequency, endings not counted. */
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

/** Posterior means of the coefficients of the latent function, v_S·χ_Sᵀα and what endings add; all frequencies are of the named parity. */
export async function latentCoefficients(
  process: Process,
  frequencies: readonly Members[],
  parity: 0 | 1,
  pace: Pace,
): Promise<Float64Array> {
  const { rows, weights, hyper } = process;
  const units = rows.paired ? firsts(rows.masks) : rows.masks;
  // Of a pair, α of both rows at once: their characters are equal where the degree is even, opposite where it is odd.
  const alpha = rows.paired ? weights[parity].map((a) => Math.SQRT2 * a) : weights[0];
  const sums = await characterSums(units, await columnsOf(units, pace), frequencies, alpha.subarray(0, rows.units), pace);
  const endings = await suffixCoefficients(process, frequencies, pace);
  return priorOf(hyper, frequencies).map((v, k) => v * sums[k] + endings[k]);
}

/** Latent means at all 2ⁿ masks in index order where endings do not count, from two transforms: v_S·χ_Sᵀα of every frequency, and back. */
export function everyLatentMean({ rows, weights, hyper }: Process): Float64Array {
  const { c, q, product, single } = hyper;
  const n = c.length;
  const { words, count } = rows.masks;
  const table = new Float64Array(2 ** n);
  const [a, b] = weights;
  for (let r = 0; r < count; r++) {
    const p = r >> 1;
    table[words[r]] += rows.paired ? Math.SQRT1_2 * (r % 2 ? a[p] - b[p] : a[p] + b[p]) : a[r];
  }
  fwht(table);
  const prior = new Float64Array(table.length);
  prior[0] = product;
  for (let i = 0; i < n; i++) {
    const rho = Math.tanh(c[i] / 2);
    for (let m = 0; m < 1 << i; m++) {
      prior[m] /= 1 + rho;
      prior[m | (1 << i)] = rho * prior[m];
    }
  }
  prior[0] += CONSTANT;
  for (let i = 0; i < n; i++) {
    prior[1 << i] += single * c[i];
    for (let d = 1; d <= REACH && i + d < n; d++) prior[(1 << i) | (1 << (i + d))] += q[REACH * i + d - 1];
  }
  for (let m = 0; m < table.length; m++) table[m] *= prior[m];
  return fwht(table);
}
