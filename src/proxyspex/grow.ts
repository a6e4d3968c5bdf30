import type { Leaves } from './leaves.ts';

/** One regression tree in parallel arrays, root first. Inner node: player `feature`, children; leaf: feature −1 and its value. */
export interface Tree {
  readonly feature: Int32Array;
  /** Child where the player is absent. */
  readonly absent: Int32Array;
  /** Child where the player is present. */
  readonly present: Int32Array;
  readonly value: Float64Array;
}

export interface GrowOptions {
  readonly depth: number;
  readonly leaves: number;
  readonly learningRate: number;
  readonly minLeaf: number;
}

/** A leaf that may still be split: a range of the row list, its exact sum, the slot of its sums by player (−1: none), and the best split found. */
interface Leaf {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly sum: number;
  readonly slot: number;
  readonly gain: number;
  readonly feature: number;
}

/** Slots that growing takes at most: one for each leaf that may be split, and the one that is counted. */
export function slotsFor({ leaves }: GrowOptions): number {
  return leaves + 1;
}

/** Grows trees on fixed rows, one at a time; each is grown on the residual and takes itself off it. */
export function createGrower(rows: Leaves, options: GrowOptions): { grow(): Tree } {
  const { depth: most, minLeaf } = options;
  const free = Array.from({ length: slotsFor(options) }, (_, s) => s);
  const splittable = (from: number, to: number, depth: number) => depth < most && to - from >= 2 * minLeaf;

  const leafOf = (node: number, from: number, to: number, depth: number, sum: number, slot: number): Leaf => {
    const split = slot >= 0 && splittable(from, to, depth) ? rows.best(slot, sum, minLeaf) : { feature: -1, gain: 0 };
    return { node, from, to, depth, sum, slot, ...split };
  };

  /** Both children of a leaf; the smaller one's sums are counted, the other's are the difference. */
  const split = (leaf: Leaf, node: number, wanted: boolean): [Leaf, Leaf] => {
    const middle = rows.partition(leaf.from, leaf.to, leaf.feature);
    const presentSum = rows.present(leaf.slot, leaf.feature);
    const depth = leaf.depth + 1;
    let [absentSlot, presentSlot] = [-1, -1];
    if (wanted && (splittable(leaf.from, middle, depth) || splittable(middle, leaf.to, depth))) {
      const smallFirst = middle - leaf.from <= leaf.to - middle;
      const small = free.pop() as number;
      rows.sum(smallFirst ? leaf.from : middle, smallFirst ? middle : leaf.to, small);
      rows.subtract(leaf.slot, small);
      [absentSlot, presentSlot] = smallFirst ? [small, leaf.slot] : [leaf.slot, small];
    } else free.push(leaf.slot);
    return [
      leafOf(node, leaf.from, middle, depth, leaf.sum - presentSum, absentSlot),
      leafOf(node + 1, middle, leaf.to, depth, presentSum, presentSlot),
    ];
  };

  return {
    grow() {
      const nodes = 2 * options.leaves - 1;
      const feature = new Int32Array(nodes).fill(-1);
      const absent = new Int32Array(nodes);
      const present = new Int32Array(nodes);
      const value = new Float64Array(nodes);
      const sum = rows.begin();
      const root = free.pop() as number;
      rows.sum(0, rows.count, root);
      const open: Leaf[] = [leafOf(0, 0, rows.count, 0, sum, root)];
      let used = 1;
      for (let leaves = 1; leaves < options.leaves; leaves++) {
        let best = -1;
        for (let i = 0; i < open.length; i++) if (open[i].feature >= 0 && (best < 0 || open[i].gain > open[best].gain)) best = i;
        if (best < 0) break;
        const leaf = open[best];
        feature[leaf.node] = leaf.feature;
        absent[leaf.node] = used;
        present[leaf.node] = used + 1;
        const [a, b] = split(leaf, used, leaves + 1 < options.leaves);
        open[best] = a;
        open.push(b);
        used += 2;
      }
      for (const { node, from, to, sum: leafSum, slot } of open) {
        value[node] = rows.unscaled(options.learningRate * rows.gradientIn(leafSum)) / (to - from);
        rows.settle(from, to, value[node]);
        if (slot >= 0) free.push(slot);
      }
      return {
        feature: feature.slice(0, used),
        absent: absent.slice(0, used),
        present: present.slice(0, used),
        value: value.slice(0, used),
      };
    },
  };
}
