import { histogram, type WordColumns } from './histogram.ts';

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

/** A leaf that may still be split: a range of the row list, its exact sums, and the best split found. */
interface Leaf {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly sum: number;
  readonly hist: Float64Array | null;
  readonly gain: number;
  readonly feature: number;
}

/**
 * Each row carries 2^shift + round(gradient · scale): one sum gives the number of rows and the gradient, exactly. The bits are shared out
 * so that no sum over all rows can overflow 2⁵³.
 */
interface Packing {
  readonly unit: number;
  readonly most: number;
}

function packingFor(count: number): Packing {
  const rows = Math.ceil(Math.log2(count + 1));
  const shift = 52 - rows;
  return { unit: 2 ** shift, most: 2 ** (shift - 1 - rows) };
}

/** Grows trees on fixed rows; buffers are shared between trees, so one at a time. */
export function createGrower(columns: WordColumns, options: GrowOptions): { grow(residual: Float64Array): Tree } {
  const { count, groups, n } = columns;
  const packing = packingFor(count);
  const rows = new Uint32Array(count);
  const spare = new Uint32Array(count);
  const packed = new Float64Array(count);
  const table = new Float64Array(1024);
  const free: Float64Array[] = [];
  const takeHistogram = () => free.pop() ?? new Float64Array(32 * groups);
  let scale = 1;

  const rowsIn = (sum: number) => Math.round(sum / packing.unit);
  const gradientIn = (sum: number) => sum - rowsIn(sum) * packing.unit;

  /** The best split of a leaf, G²/n over both sides less the whole; the lowest player wins a tie. */
  const findSplit = (node: number, from: number, to: number, depth: number, sum: number, hist: Float64Array | null): Leaf => {
    let gain = 0;
    let feature = -1;
    const whole = to - from;
    const g = gradientIn(sum);
    if (hist && depth < options.depth && whole >= 2 * options.minLeaf) {
      const floor = (g * g) / whole;
      for (let f = 0; f < n; f++) {
        const kept = rowsIn(hist[f]);
        if (kept < options.minLeaf || whole - kept < options.minLeaf) continue;
        const gp = hist[f] - kept * packing.unit;
        const better = (gp * gp) / kept + ((g - gp) * (g - gp)) / (whole - kept) - floor;
        if (better > gain * (1 + 1e-12) && better > 0.5) {
          gain = better;
          feature = f;
        }
      }
    }
    return { node, from, to, depth, sum, hist, gain, feature };
  };

  const splittable = (from: number, to: number, depth: number) => depth < options.depth && to - from >= 2 * options.minLeaf;

  const pack = (residual: Float64Array): number => {
    let top = 0;
    for (let r = 0; r < count; r++) top = Math.max(top, Math.abs(residual[r]));
    scale = top > 0 ? packing.most / top : 1;
    let sum = 0;
    for (let r = 0; r < count; r++) {
      rows[r] = r;
      packed[r] = packing.unit + Math.round(residual[r] * scale);
      sum += packed[r];
    }
    return sum;
  };

  /** Rows without the player first, each side in its old order; returns where the others begin. */
  const partition = ({ from, to, feature }: Leaf): number => {
    const base = (feature >> 5) * count;
    let low = from;
    let high = 0;
    for (let i = from; i < to; i++) {
      const r = rows[i];
      if ((columns.words[base + r] >>> (feature & 31)) & 1) spare[high++] = r;
      else rows[low++] = r;
    }
    rows.set(spare.subarray(0, high), low);
    return low;
  };

  /** Both children of a leaf; the smaller one's histogram is counted, the other's is the difference. */
  const split = (leaf: Leaf, node: number, wanted: boolean): [Leaf, Leaf] => {
    const middle = partition(leaf);
    const hist = leaf.hist as Float64Array;
    const presentSum = hist[leaf.feature];
    const depth = leaf.depth + 1;
    const needed = wanted && (splittable(leaf.from, middle, depth) || splittable(middle, leaf.to, depth));
    let absentHist: Float64Array | null = null;
    let presentHist: Float64Array | null = null;
    if (needed) {
      const smallFirst = middle - leaf.from <= leaf.to - middle;
      const small = takeHistogram();
      histogram(columns, rows, smallFirst ? leaf.from : middle, smallFirst ? middle : leaf.to, packed, table, small);
      for (let f = 0; f < hist.length; f++) hist[f] -= small[f];
      absentHist = smallFirst ? small : hist;
      presentHist = smallFirst ? hist : small;
    } else free.push(hist);
    return [
      findSplit(node, leaf.from, middle, depth, leaf.sum - presentSum, absentHist),
      findSplit(node + 1, middle, leaf.to, depth, presentSum, presentHist),
    ];
  };

  return {
    grow(residual) {
      const sum = pack(residual);
      const nodes = 2 * options.leaves - 1;
      const feature = new Int32Array(nodes).fill(-1);
      const absent = new Int32Array(nodes);
      const present = new Int32Array(nodes);
      const value = new Float64Array(nodes);
      const root = takeHistogram();
      histogram(columns, rows, 0, count, packed, table, root);
      const open: Leaf[] = [findSplit(0, 0, count, 0, sum, root)];
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
      for (const { node, from, to, sum: leafSum, hist } of open) {
        value[node] = (options.learningRate * gradientIn(leafSum)) / scale / (to - from);
        for (let i = from; i < to; i++) residual[rows[i]] -= value[node];
        if (hist) free.push(hist);
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
