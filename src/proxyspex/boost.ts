import type { Masks } from '../core/masks.ts';
import { createGrower, slotsFor, type Tree } from './grow.ts';
import type { Leaves } from './leaves.ts';
import { createLeaves } from './leaves-wasm.ts';

export interface BoostOptions {
  readonly depth: number;
  readonly leaves: number;
  readonly trees: number;
  readonly learningRate: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf: number;
  /** Rows that grade each stage and never fit; with `patience` boosting ends that many trees after their best. */
  readonly validation?: { readonly masks: Masks; readonly values: ArrayLike<number> };
  readonly patience?: number;
  readonly breathe?: () => Promise<void>;
}

/** An ensemble: f(m) = base + Σ tree(m). `stages[t]` is the squared error over the validation rows after t + 1 trees. */
export interface BoostedTrees {
  readonly base: number;
  readonly trees: readonly Tree[];
  readonly stages: readonly number[];
}

/**
 * Gradient boosting of squared loss on bits, leaf by leaf as LightGBM grows them (Ke et al. 2017): gains G²/n, no L1 or L2, base = mean.
 * Histograms are exact integers, so the trees do not depend on the order of the rows.
 */
export async function boostTrees(
  masks: Masks,
  values: ArrayLike<number>,
  options: BoostOptions,
  makeLeaves: (masks: Masks, slots: number) => Leaves = createLeaves,
): Promise<BoostedTrees> {
  const count = masks.count;
  let base = 0;
  for (let r = 0; r < count; r++) base += values[r] / count;
  const leaves = makeLeaves(masks, slotsFor(options));
  for (let r = 0; r < count; r++) leaves.residual[r] = values[r] - base;
  const grower = createGrower(leaves, options);
  const held = options.validation;
  const left = held ? Float64Array.from({ length: held.masks.count }, (_, r) => held.values[r] - base) : null;
  const trees: Tree[] = [];
  const stages: number[] = [];
  let best = 0;
  for (let t = 0; t < options.trees; t++) {
    const tree = grower.grow();
    if (tree.feature.length === 1) break; // no split helps any more: later trees would be the same stump
    trees.push(tree);
    if (held && left) {
      stages.push(subtractTree(tree, held.masks, left));
      if (stages[t] < stages[best]) best = t;
      if (options.patience !== undefined && t - best >= options.patience) break;
    }
    if (t % 16 === 15) await options.breathe?.();
  }
  return { base, trees, stages };
}

/** Takes a tree's predictions off the residual; returns the squared error that remains. */
function subtractTree(tree: Tree, masks: Masks, residual: Float64Array): number {
  const stride = masks.words.length / masks.count;
  let error = 0;
  for (let r = 0; r < masks.count; r++) {
    residual[r] -= leafValue(tree, masks.words, r * stride);
    error += residual[r] * residual[r];
  }
  return error;
}

function leafValue({ feature, absent, present, value }: Tree, words: Uint32Array, at: number): number {
  let node = 0;
  while (feature[node] >= 0) node = (words[at + (feature[node] >> 5)] >>> (feature[node] & 31)) & 1 ? present[node] : absent[node];
  return value[node];
}

/** Predictions of the first `count` trees (default: all). */
export function predictTrees({ base, trees }: BoostedTrees, masks: Masks, count = trees.length): Float64Array {
  const stride = masks.words.length / masks.count;
  const out = new Float64Array(masks.count).fill(base);
  for (let t = 0; t < count; t++) for (let r = 0; r < masks.count; r++) out[r] += leafValue(trees[t], masks.words, r * stride);
  return out;
}
