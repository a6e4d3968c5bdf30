import { popcount } from '../core/bits.ts';
import { type Masks, maskStride } from '../core/masks.ts';

/** 32-bit words of one parity column over `count` rows. */
export function columnWords(count: number): number {
  return Math.ceil(count / 32);
}

/** Bit r of column i is 1 where player i is present in row r. */
export function playerColumns({ n, count, words }: Masks): Uint32Array {
  const stride = maskStride(n);
  const width = columnWords(count);
  const out = new Uint32Array(n * width);
  for (let r = 0; r < count; r++)
    for (let w = 0; w < stride; w++)
      for (let bits = words[r * stride + w]; bits !== 0; bits &= bits - 1)
        out[(32 * w + 31 - Math.clz32(bits & -bits)) * width + (r >> 5)] |= 1 << (r & 31);
  return out;
}

/**
 * The characters of K keys on N masks, bit-packed by column: K × ⌈N/32⌉ words, 1 where the character is −1. Who asks for many keys in turn
 * brings the columns of the players.
 */
export function parityColumns(masks: Masks, keys: Uint32Array, players = playerColumns(masks)): Uint32Array {
  const stride = maskStride(masks.n);
  const count = keys.length / stride;
  const width = columnWords(masks.count);
  const out = new Uint32Array(count * width);
  for (let k = 0; k < count; k++)
    for (let w = 0; w < stride; w++)
      for (let bits = keys[k * stride + w]; bits !== 0; bits &= bits - 1) {
        const from = (32 * w + 31 - Math.clz32(bits & -bits)) * width;
        for (let i = 0; i < width; i++) out[k * width + i] ^= players[from + i];
      }
  return out;
}

/** χ_Sᵀχ_T = N − 2·popcount(S xor T), exactly. The twin of src/compute/wasm/solvers/gram.ts. */
export function plainGram(columns: Uint32Array, count: number): Float64Array {
  const width = columnWords(count);
  const size = columns.length / width;
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let differ = 0;
      for (let w = 0, a = i * width, b = j * width; w < width; w++) differ += popcount(columns[a + w] ^ columns[b + w]);
      gram[i * size + j] = gram[j * size + i] = count - 2 * differ;
    }
  return gram;
}

/** Xᵀy: one number for each character. Rows are added up by fours once, then each column looks its fours up. */
export function parityMoments(columns: Uint32Array, count: number, y: ArrayLike<number>): Float64Array {
  const width = columnWords(count);
  const sums = new Float64Array(16 * 8 * width);
  let total = 0;
  for (let r = 0; r < count; r++) {
    total += y[r];
    const bit = 1 << (r & 3);
    const at = 16 * (r >> 2);
    for (let i = 0; i < bit; i++) sums[at + bit + i] = sums[at + i] + y[r];
  }
  const out = new Float64Array(columns.length / width);
  for (let k = 0; k < out.length; k++) {
    let negative = 0;
    for (let w = 0; w < width; w++) {
      let bits = columns[k * width + w];
      for (let at = 128 * w; bits !== 0; at += 16, bits >>>= 4) negative += sums[at + (bits & 15)];
    }
    out[k] = total - 2 * negative;
  }
  return out;
}

/** Xc: one number for each row. */
export function parityProduct(columns: Uint32Array, count: number, coefficients: ArrayLike<number>): Float64Array {
  const width = columnWords(count);
  const out = new Float64Array(count);
  for (let k = 0; k < coefficients.length; k++) {
    const signed = [coefficients[k], -coefficients[k]];
    for (let r = 0; r < count; r++) out[r] += signed[(columns[k * width + (r >> 5)] >>> (r & 31)) & 1];
  }
  return out;
}
