import { parity, popcount } from '../core/bits.ts';
import { cholesky, solveCholesky } from '../core/linalg.ts';
import { type Masks, maskStride } from '../core/masks.ts';
import type { Spectrum } from './spectrum.ts';

/** 32-bit words of one parity column over `count` rows. */
export function columnWords(count: number): number {
  return Math.ceil(count / 32);
}

/** One parity column: bit r is 1 where χ_k(mask r) = −1. */
function fillColumn(masks: Masks, keys: Uint32Array, key: number, out: Uint32Array, at: number): void {
  const stride = maskStride(masks.n);
  for (let r = 0; r < masks.count; r++) {
    let v = 0;
    for (let w = 0; w < stride; w++) v ^= keys[key * stride + w] & masks.words[r * stride + w];
    if (parity(v)) out[at + (r >> 5)] |= 1 << (r & 31);
  }
}

/** The characters of K keys on N masks, bit-packed by column: K × ⌈N/32⌉ words, 1 where the character is −1. */
export function parityColumns(masks: Masks, keys: Uint32Array): Uint32Array {
  const count = keys.length / maskStride(masks.n);
  const width = columnWords(masks.count);
  const out = new Uint32Array(count * width);
  for (let k = 0; k < count; k++) fillColumn(masks, keys, k, out, k * width);
  return out;
}

/** χ_Sᵀχ_T = N − 2·popcount(S xor T), exactly. */
export function parityProduct(columns: Uint32Array, a: number, b: number, count: number): number {
  const width = columnWords(count);
  let differ = 0;
  for (let w = 0, i = a * width, j = b * width; w < width; w++) differ += popcount(columns[i + w] ^ columns[j + w]);
  return count - 2 * differ;
}

/** Gram matrix XᵀX of the characters: K × K, row-major, exact integers. */
export function parityGram(columns: Uint32Array, count: number): Float64Array {
  const size = columns.length / columnWords(count);
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) gram[i * size + j] = gram[j * size + i] = parityProduct(columns, i, j, count);
  return gram;
}

/** Xᵀy: one number for each character. */
export function parityMoments(columns: Uint32Array, count: number, y: ArrayLike<number>): Float64Array {
  const width = columnWords(count);
  const size = columns.length / width;
  let total = 0;
  for (let r = 0; r < count; r++) total += y[r];
  const out = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    let negative = 0;
    for (let w = 0; w < width; w++) {
      for (let bits = columns[k * width + w]; bits !== 0; bits &= bits - 1) negative += y[32 * w + 31 - Math.clz32(bits & -bits)];
    }
    out[k] = total - 2 * negative;
  }
  return out;
}

/**
 * Ridge on the characters of `keys`: minimises ‖y − XF‖² + Σ penalty_k F_k², in float64. Returns the spectrum and the Cholesky factor
 * of XᵀX + diag(penalties). @throws self-check where the normal matrix is singular (an unpenalised, dependent column).
 */
export function ridgeRefit(
  masks: Masks,
  values: ArrayLike<number>,
  keys: Uint32Array,
  penalties: Float64Array,
): { spectrum: Spectrum; factor: Float64Array } {
  const columns = parityColumns(masks, keys);
  const normal = parityGram(columns, masks.count);
  const size = penalties.length;
  for (let k = 0; k < size; k++) normal[k * size + k] += penalties[k];
  const factor = cholesky(normal, size);
  const coefficients = solveCholesky(factor, size, parityMoments(columns, masks.count, values));
  return { spectrum: { n: masks.n, keys, coefficients }, factor };
}
