import { describe, expect, it } from 'vitest';
import { allMasks, isPresent, type Masks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { boostTrees, predictTrees } from '../../src/proxyspex/boost.ts';
import { descendingSizes } from '../../src/proxyspex/term-table.ts';
import { treesToSpectrum } from '../../src/proxyspex/trees.ts';
import { evaluateSpectrum } from '../../src/spectrum/spectrum.ts';
import { evaluateTerms, hierarchical, withNoise } from '../spectrum/planted.ts';

/** Gradients are rounded to about 24 bits before they are summed. */
const PACKED = 1e-5;

interface Naive {
  feature: number;
  absent?: Naive;
  present?: Naive;
  value: number;
}

/** Leaf-wise boosting by scanning every player of every leaf, in floats, without any of the tricks. */
function naiveBoost(
  masks: Masks,
  y: Float64Array,
  trees: number,
  depth: number,
  leaves: number,
  rate: number,
  minLeaf: number,
): Float64Array {
  const mean = y.reduce((a, b) => a + b, 0) / y.length;
  const fitted = new Float64Array(y.length).fill(mean);
  for (let t = 0; t < trees; t++) {
    const g = y.map((v, r) => v - fitted[r]);
    const sum = (rows: number[]) => rows.reduce((s, r) => s + g[r], 0);
    const open = [{ node: { feature: -1, value: 0 } as Naive, rows: Array.from(y.keys()), depth: 0 }];
    const best = (leaf: (typeof open)[0]) => {
      let found = { gain: 1e-9, feature: -1 };
      if (leaf.depth >= depth) return found;
      for (let f = 0; f < masks.n; f++) {
        const p = leaf.rows.filter((r) => isPresent(masks, r, f));
        const a = leaf.rows.filter((r) => !isPresent(masks, r, f));
        if (p.length < minLeaf || a.length < minLeaf) continue;
        const gain = sum(p) ** 2 / p.length + sum(a) ** 2 / a.length - sum(leaf.rows) ** 2 / leaf.rows.length;
        if (gain > found.gain * (1 + 1e-6)) found = { gain, feature: f };
      }
      return found;
    };
    while (open.length < leaves) {
      const ranked = open
        .map((leaf, i) => ({ i, ...best(leaf) }))
        .filter((s) => s.feature >= 0)
        .sort((a, b) => b.gain - a.gain);
      if (ranked.length === 0) break;
      const { i, feature } = ranked[0];
      const leaf = open[i];
      leaf.node.feature = feature;
      const child = (present: boolean) => ({
        node: { feature: -1, value: 0 } as Naive,
        rows: leaf.rows.filter((r) => isPresent(masks, r, feature) === present),
        depth: leaf.depth + 1,
      });
      open[i] = child(false);
      open.push(child(true));
    }
    for (const leaf of open) for (const r of leaf.rows) fitted[r] += (rate * sum(leaf.rows)) / leaf.rows.length;
  }
  return fitted;
}

describe('boosted trees', () => {
  it.each([
    [12, 300, 3, 8],
    [40, 900, 5, 31],
    [7, 60, 4, 6],
  ])('equal a naive booster: %i players, %i rows, depth %i, %i leaves', async (n, count, depth, leaves) => {
    const masks = pairedMasks(n, count, 3);
    const y = withNoise(evaluateTerms(hierarchical(n, 15, 2), masks), 0.1, createRandom(1));
    const model = await boostTrees(masks, y, { depth, leaves, trees: 6, learningRate: 0.3, minLeaf: 5 });
    const want = naiveBoost(masks, y, 6, depth, leaves, 0.3, 5);
    const got = predictTrees(model, masks);
    for (let r = 0; r < count; r++) expect(Math.abs(got[r] - want[r])).toBeLessThan(PACKED);
    for (const t of model.trees) expect(t.feature.filter((f) => f < 0).length).toBeLessThanOrEqual(leaves);
  });

  it('do not depend on the order of the rows', async () => {
    const masks = pairedMasks(20, 600, 3);
    const y = evaluateTerms(hierarchical(20, 15, 2), masks);
    const options = { depth: 5, leaves: 31, trees: 20, learningRate: 0.1, minLeaf: 10 };
    const a = await boostTrees(masks, y, options);
    const order = Array.from(y.keys()).reverse();
    const shuffled = { ...masks, words: Uint32Array.from(order, (r) => masks.words[r]) };
    const b = await boostTrees(
      shuffled,
      Float64Array.from(order, (r) => y[r]),
      options,
    );
    expect(b.trees.map((t) => [...t.feature])).toEqual(a.trees.map((t) => [...t.feature]));
  });

  it('grade each stage on rows that do not fit, and stop when those get worse', async () => {
    const masks = pairedMasks(20, 400, 3);
    const held = pairedMasks(20, 200, 4);
    const terms = hierarchical(20, 15, 2);
    const values = evaluateTerms(terms, held);
    const noisy = withNoise(evaluateTerms(terms, masks), 1, createRandom(5));
    const options = { depth: 5, leaves: 31, trees: 500, learningRate: 0.3, minLeaf: 5, validation: { masks: held, values }, patience: 10 };
    const model = await boostTrees(masks, noisy, options);
    expect(model.trees.length).toBeLessThan(200);
    const last = predictTrees(model, held);
    const error = last.reduce((s, v, r) => s + (v - values[r]) ** 2, 0);
    expect(Math.abs(model.stages[model.stages.length - 1] - error)).toBeLessThan(1e-8 * error);
  });
});

describe('the spectrum of trees', () => {
  it('predicts what the trees predict on all 2¹⁰ masks', async () => {
    const masks = pairedMasks(10, 700, 3);
    const y = withNoise(evaluateTerms(hierarchical(10, 15, 2), masks), 0.2, createRandom(1));
    const model = await boostTrees(masks, y, { depth: 5, leaves: 31, trees: 20, learningRate: 0.3, minLeaf: 5 });
    const every = allMasks(10);
    const want = predictTrees(model, every);
    const got = evaluateSpectrum(treesToSpectrum(model, 10), every);
    for (let r = 0; r < every.count; r++) expect(Math.abs(got[r] - want[r])).toBeLessThan(1e-12);
  });

  it('holds for a thousand players and keeps ∅ first', async () => {
    const masks = pairedMasks(1000, 500, 3);
    const y = evaluateTerms(hierarchical(1000, 15, 2), masks).map((v) => v + 1000);
    const model = await boostTrees(masks, y, { depth: 3, leaves: 8, trees: 30, learningRate: 0.2, minLeaf: 10 });
    const fresh = pairedMasks(1000, 100, 9);
    const want = predictTrees(model, fresh);
    const spectrum = treesToSpectrum(model, 1000);
    const got = evaluateSpectrum(spectrum, fresh);
    for (let r = 0; r < fresh.count; r++) expect(Math.abs(got[r] - want[r])).toBeLessThan(1e-9);
    expect(spectrum.keys.subarray(0, 32).every((w) => w === 0)).toBe(true);
  });

  it('ranks terms as a comparing sort does: by size, equal ones in their order', () => {
    const random = createRandom(4);
    const values = Float64Array.from({ length: 3000 }, (_, i) =>
      i % 3 ? random.normal() * 2 ** (random.below(40) - 20) : [0, -0, 1, -1, 5e-324, -5e-324, 1 + 2 ** -52, 1e300][random.below(8)],
    );
    const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
    expect([...descendingSizes(values)]).toEqual(order);
  });
});
