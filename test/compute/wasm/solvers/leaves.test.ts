import { describe, expect, it } from 'vitest';
import type { Masks } from '../../../../src/core/masks.ts';
import { createRandom } from '../../../../src/core/random.ts';
import { pairedMasks } from '../../../../src/core/sample.ts';
import { boostTrees } from '../../../../src/proxyspex/boost.ts';
import { type Leaves, plainLeaves } from '../../../../src/proxyspex/leaves.ts';
import { wasmLeaves } from '../../../../src/proxyspex/leaves-wasm.ts';
import { evaluateTerms, hierarchical, withNoise } from '../../../spectrum/planted.ts';

function inWasm(masks: Masks, slots: number): Leaves {
  const leaves = wasmLeaves(masks, slots);
  if (!leaves) throw new Error('expected WebAssembly here');
  return leaves;
}

function problem(n: number, count: number): { masks: Masks; values: Float64Array } {
  const masks = pairedMasks(n, count, 3);
  return { masks, values: withNoise(evaluateTerms(hierarchical(n, 40, 2), masks), 0.1, createRandom(1)) };
}

describe('leaves in WASM', () => {
  // Odd numbers of rows and players; leaves on both sides of where tables of bytes begin to pay.
  it.each([
    [7, 61, 4],
    [33, 601, 3],
    [40, 2500, 20],
    [256, 3000, 20],
    [1000, 700, 10],
  ])('grow the trees of plain TypeScript bit for bit: %i players, %i rows, %i rows a leaf', async (n, count, minLeaf) => {
    const { masks, values } = problem(n, count);
    const options = { depth: 5, leaves: 31, trees: 25, learningRate: 0.1, minLeaf };
    const wasm = await boostTrees(masks, values, options, inWasm);
    const plain = await boostTrees(masks, values, options, plainLeaves);
    expect(wasm.trees.length).toBe(25);
    expect(wasm).toEqual(plain);
  });

  it('add up and split what rounds to a half, what is 0 and what is all one value as plain TypeScript does', () => {
    const { masks } = problem(12, 400);
    for (const value of [(r: number) => ((r % 7) - 3) / 2, () => 0, () => 1e-300, (r: number) => (r % 2 ? 1e300 : -1e300)]) {
      const [a, b] = [inWasm(masks, 2), plainLeaves(masks)].map((leaves) => {
        for (let r = 0; r < masks.count; r++) leaves.residual[r] = value(r);
        const sum = leaves.begin();
        leaves.sum(0, masks.count, 0);
        const best = leaves.best(0, sum, 5);
        const middle = leaves.partition(0, masks.count, 3);
        leaves.sum(0, middle, 1);
        leaves.subtract(0, 1);
        leaves.settle(0, middle, 0.25);
        const present = Array.from({ length: 12 }, (_, f) => [leaves.present(0, f), leaves.present(1, f)]);
        return { sum, best, middle, present, residual: [...leaves.residual] };
      });
      expect(a).toEqual(b);
    }
  });
});
