import { WebspexError } from '../core/errors.ts';
import { LEAST_KERNEL, wasmTransform } from './fwht-wasm.ts';
import type { Spectrum } from './spectrum.ts';

/** Numbers from which on kernels pay for the memory that they take. */
const LEAST_FAST = 2 ** 18;
/** Numbers that kernels take at a time: they stay in a second-level cache, and a table of any length needs little memory beside its own. */
const PIECE = 2 ** 17;

/**
 * Unnormalised Walsh–Hadamard transform in place: out[k] = Σ_m (−1)^⟨k,m⟩ in[m], most stages of long tables in WebAssembly where there is
 * any; float64 the same bit for bit. @throws usage where the length is not a power of two.
 */
export function fwht<T extends Float32Array | Float64Array>(data: T): T {
  const size = data.length;
  if (!isPower(size)) throw new WebspexError('usage', `fwht: expected a power of two of values, got ${size}; pad or check the table`);
  return transformRows(data, size);
}

/**
 * As `fwht`, of each row of `size` numbers; WebAssembly counts from as many numbers in all on as for one table.
 * @throws usage where the size is not a power of two, or there are no whole rows.
 */
export function fwhtRows<T extends Float32Array | Float64Array>(data: T, size: number): T {
  if (!isPower(size) || data.length % size !== 0)
    throw new WebspexError(
      'usage',
      `fwht: expected whole rows of a power of two of values, got ${data.length} in rows of ${size}; pad them`,
    );
  return transformRows(data, size);
}

function isPower(size: number): boolean {
  return Number.isInteger(size) && size > 0 && Number.isInteger(Math.log2(size));
}

function transformRows<T extends Float32Array | Float64Array>(data: T, size: number): T {
  const inner = Math.min(PIECE, size);
  const worth = data.length >= LEAST_FAST && size >= LEAST_KERNEL;
  const fast = worth ? wasmTransform(data.subarray(0, PIECE) as T, inner) : null;
  if (fast)
    for (let at = 0; at < data.length; at += PIECE) {
      const piece = data.subarray(at, at + PIECE);
      fast.data.set(piece);
      fast.run();
      piece.set(fast.data.subarray(0, piece.length));
    }
  const done = fast ? inner : 1;
  if (done < size) for (let row = 0; row < data.length; row += size) plainFwht(data.subarray(row, row + size), done);
  return data;
}

/** The transform in plain TypeScript, of a power of two of numbers: two stages a pass (radix 4), from distance `from` on, sums in float64. */
export function plainFwht<T extends Float32Array | Float64Array>(data: T, from = 1): T {
  const size = data.length;
  let h = from;
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
