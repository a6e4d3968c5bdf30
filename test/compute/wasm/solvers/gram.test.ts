import { describe, expect, it } from 'vitest';
import { isPresent, type Masks, maskStride } from '../../../../src/core/masks.ts';
import { createRandom } from '../../../../src/core/random.ts';
import { pairedMasks } from '../../../../src/core/sample.ts';
import { parityColumns, parityMoments, parityProduct, plainGram } from '../../../../src/spectrum/gram.ts';
import { parityGram, wasmGram } from '../../../../src/spectrum/gram-wasm.ts';

function keysFor(n: number, size: number): { keys: Uint32Array; sets: number[][] } {
  const random = createRandom(3);
  const stride = maskStride(n);
  const sets = Array.from({ length: size }, (_, k) => [...new Set(Array.from({ length: k % 6 }, () => random.below(n)))]);
  const keys = new Uint32Array(size * stride);
  for (const [k, set] of sets.entries()) for (const i of set) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return { keys, sets };
}

/** ±1 by the definition. */
function character(masks: Masks, set: readonly number[]): number[] {
  return Array.from({ length: masks.count }, (_, r) => (set.filter((i) => isPresent(masks, r, i)).length % 2 ? -1 : 1));
}

describe('Gram matrices of characters in WASM', () => {
  // Odd numbers of words, of columns beside a multiple of four, and of rows in the last word.
  it.each([
    [9, 20, 1],
    [40, 66, 30],
    [100, 1000, 203],
    [64, 128, 90],
  ])('are those of plain TypeScript and of the definition: %i players, %i rows, %i characters', (n, count, size) => {
    const masks = pairedMasks(n, count, 1);
    const { keys, sets } = keysFor(n, size);
    const columns = parityColumns(masks, keys);
    const plain = plainGram(columns, masks.count);
    // A larger one first: nothing of it may be left.
    parityGram(parityColumns(pairedMasks(70, 500, 2), keysFor(70, 220).keys), 500);
    expect(wasmGram(columns, masks.count)).toEqual(plain);
    expect(parityGram(columns, masks.count)).toEqual(plain);
    const characters = sets.map((set) => character(masks, set));
    const coefficients = sets.map((_, k) => Math.sin(k + 1));
    const sums = parityProduct(columns, masks.count, coefficients);
    for (let r = 0; r < masks.count; r++)
      expect(Math.abs(sums[r] - characters.reduce((sum, c, k) => sum + c[r] * coefficients[k], 0))).toBeLessThan(1e-10);
    const random = createRandom(9);
    const y = Float64Array.from({ length: masks.count }, () => random.normal());
    const moments = parityMoments(columns, masks.count, y);
    for (let i = 0; i < size; i++) {
      // Sums of float64 in another order.
      expect(Math.abs(moments[i] - characters[i].reduce((sum, c, r) => sum + c * y[r], 0))).toBeLessThan(1e-10);
      for (let j = 0; j < size; j += 7)
        expect(plain[i * size + j]).toBe(characters[i].reduce((sum, c, r) => sum + c * characters[j][r], 0));
    }
  });
});
