import { maskStride } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import type { Spectrum } from '../spectrum/spectrum.ts';
import type { BoostedTrees } from './boost.ts';
import type { Tree } from './grow.ts';
import { createTermTable, descendingSizes, type TermTable } from './term-table.ts';

/** The exact spectrum of an ensemble, its frequencies kept as (path, subset) until somebody asks; term 0 is ∅. */
export interface TreeTerms {
  readonly coefficients: Float64Array;
  /** Sets the bits of a term's players in a bit-packed key that begins at word `at`. */
  mark(term: number, keys: Uint32Array, at: number): void;
}

/**
 * Exact Fourier spectrum of boosted trees in node-difference form (Gorji et al., arXiv 2410.06300, rearranged): an inner node at depth k
 * on player f with ancestors A adds Π_{a∈U} s_a · (μ_absent − μ_present)/2^{k+1} to U ∪ {f} for every U ⊆ A, s_a = +1 on the absent side,
 * μ the means of its subtrees under uniform masks. Subsets run in Gray code; frequencies are found by the xor of two random words a
 * player (two different ones collide with probability about K²/2⁶⁵).
 */
export function treeTerms({ base, trees }: BoostedTrees, n: number, count = trees.length): TreeTerms {
  const random = createRandom(0x5eed, 3);
  const low = Uint32Array.from({ length: n }, () => random.uint32());
  const high = Uint32Array.from({ length: n }, () => random.uint32());
  const used = trees.slice(0, count);
  const table = createTermTable(used.reduce((sum, tree) => sum + subsetsOf(tree, 0, 1), 0));
  let empty = base;
  const starts: number[] = [];
  const players: number[] = [];
  for (const tree of used) {
    empty += spread(tree, (path, signs, difference) => {
      addSubsets(path, signs, difference, low, high, table, starts.length);
      starts.push(players.length);
      for (const f of path) players.push(f);
    });
  }
  starts.push(players.length);
  const sums = table.sums();
  const coefficients = new Float64Array(sums.length + 1);
  coefficients[0] = empty;
  coefficients.set(sums, 1);
  return {
    coefficients,
    mark(term, keys, at) {
      if (term === 0) return;
      const path = table.pathOf(term - 1);
      const last = starts[path + 1] - 1;
      keys[at + (players[last] >> 5)] |= 1 << (players[last] & 31);
      for (let i = starts[path], bits = table.subsetOf(term - 1); bits !== 0; i++, bits >>= 1)
        if (bits & 1) keys[at + (players[i] >> 5)] |= 1 << (players[i] & 31);
    },
  };
}

/** How many subsets the inner nodes below a node add to, `here` being the number of those of its ancestors. */
function subsetsOf(tree: Tree, node: number, here: number): number {
  if (tree.feature[node] < 0) return 0;
  return here + subsetsOf(tree, tree.absent[node], 2 * here) + subsetsOf(tree, tree.present[node], 2 * here);
}

type Spread = (path: readonly number[], signs: readonly number[], difference: number) => void;

/** Visits every inner node with its path (ancestors, then itself); returns the tree's mean over uniform masks. */
function spread(tree: Tree, visit: Spread): number {
  const path: number[] = [];
  const signs: number[] = [];
  const walk = (node: number): number => {
    const f = tree.feature[node];
    if (f < 0) return tree.value[node];
    path.push(f);
    signs.push(1);
    const absent = walk(tree.absent[node]);
    signs[signs.length - 1] = -1;
    const present = walk(tree.present[node]);
    signs.pop();
    visit(path, signs, absent - present);
    path.pop();
    return (absent + present) / 2;
  };
  return walk(0);
}

function addSubsets(
  path: readonly number[],
  signs: readonly number[],
  difference: number,
  low: Uint32Array,
  high: Uint32Array,
  table: TermTable,
  id: number,
): void {
  const depth = path.length - 1;
  let value = difference / 2 ** (depth + 1);
  if (value === 0) return;
  let a = low[path[depth]] | 0;
  let b = high[path[depth]] | 0;
  let subset = 0;
  table.add(a, b, id, subset, value);
  for (let i = 1; i < 1 << depth; i++) {
    const bit = 31 - Math.clz32(i & -i);
    a ^= low[path[bit]];
    b ^= high[path[bit]];
    subset ^= 1 << bit;
    if (signs[bit] < 0) value = -value;
    table.add(a, b, id, subset, value);
  }
}

/** Terms by |coefficient|, largest first, equal ones in their order, ∅ before all others. */
export function rankTerms({ coefficients }: TreeTerms): Uint32Array {
  const order = descendingSizes(coefficients.subarray(1));
  const out = new Uint32Array(coefficients.length);
  for (let k = 0; k < order.length; k++) out[k + 1] = order[k] + 1;
  return out;
}

/** Bit-packed keys of the named terms. */
export function keysOfTerms(terms: TreeTerms, chosen: ArrayLike<number>, n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(chosen.length * stride);
  for (let k = 0; k < chosen.length; k++) terms.mark(chosen[k], keys, k * stride);
  return keys;
}

/** The exact spectrum of the ensemble: it predicts what the trees predict. */
export function treesToSpectrum(model: BoostedTrees, n: number): Spectrum {
  const terms = treeTerms(model, n);
  const order = rankTerms(terms);
  const coefficients = new Float64Array(order.length);
  for (let k = 0; k < order.length; k++) coefficients[k] = terms.coefficients[order[k]];
  return { n, keys: keysOfTerms(terms, order, n), coefficients };
}
