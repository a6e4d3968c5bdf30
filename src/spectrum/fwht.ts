import { WebspexError } from '../core/errors.ts';
import type { Spectrum } from './spectrum.ts';

/**
 * Unnormalised Walsh–Hadamard transform in place: out[k] = Σ_m (−1)^⟨k,m⟩ in[m]; two stages a pass (radix 4), float64.
 * @throws usage where the length is not a power of two.
 */
export function fwht(data: Float64Array): Float64Array {
  const size = data.length;
  if (size === 0 || (size & (size - 1)) !== 0)
    throw new WebspexError('usage', `fwht: expected a power of two of values, got ${size}; pad or check the table`);
  let h = 1;
  for (; h * 4 <= size; h *= 4) {
    for (let base = 0; base < size; base += 4 * h) {
      for (let i = base; i < base + h; i++) {
        const a = data[i];
        const b = data[i + h];
        const c = data[i + 2 * h];
        const d = data[i + 3 * h];
        data[i] = a + b + (c + d);
        data[i + h] = a - b + (c - d);
        data[i + 2 * h] = a + b - (c + d);
        data[i + 3 * h] = a - b - (c - d);
      }
    }
  }
  if (h < size) {
    for (let i = 0; i < h; i++) {
      const a = data[i];
      const b = data[i + h];
      data[i] = a + b;
      data[i + h] = a - b;
    }
  }
  return data;
}

/** Exact spectrum of a complete table of 2ⁿ values (bit i of the index = player i present); exact zeros other than ∅ are left out. */
export function spectrumOfTable(values: ArrayLike<number>, n: number): Spectrum {
  if (values.length !== 2 ** n)
    throw new WebspexError('usage', `table: expected ${2 ** n} values for ${n} players, got ${values.length}; check the number of players`);
  const data = fwht(Float64Array.from(values));
  let live = 0;
  for (let k = 0; k < data.length; k++) if (k === 0 || data[k] !== 0) live++;
  const keys = new Uint32Array(live);
  const coefficients = new Float64Array(live);
  for (let k = 0, at = 0; k < data.length; k++) {
    if (k !== 0 && data[k] === 0) continue;
    keys[at] = k;
    coefficients[at++] = data[k] / data.length;
  }
  return { n, keys, coefficients };
}
