import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/core/random.ts';
import { pairedMasks } from '../../../../src/core/sample.ts';
import { plainCorrelator } from '../../../../src/pursuit/correlate.ts';
import { wasmCorrelator } from '../../../../src/pursuit/correlate-wasm.ts';

describe('correlations in WASM', () => {
  // Odd numbers of rows and players; rows on both sides of where tables of bytes begin to pay.
  it.each([
    [1, 2],
    [9, 41],
    [33, 449],
    [64, 450],
    [100, 1001],
  ])('are those of plain TypeScript bit for bit: %i players, %i rows', (n, count) => {
    const drawn = pairedMasks(n, count + 1, 3);
    const masks = { ...drawn, count: Math.min(drawn.count, count) };
    const wasm = wasmCorrelator(masks);
    if (!wasm) return expect.unreachable();
    const plain = plainCorrelator(masks);
    const random = createRandom(4);
    // Twice: nothing of the first may be left.
    for (let time = 0; time < 2; time++) {
      for (let i = 0; i < plain.weights.length; i++) plain.weights[i] = random.normal();
      wasm.weights.set(plain.weights);
      wasm.run();
      plain.run();
      expect(wasm.sums).toEqual(plain.sums);
      expect(plain.sums.some((v) => v !== 0)).toBe(true);
    }
  });
});
