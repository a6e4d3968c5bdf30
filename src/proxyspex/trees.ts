import { maskStride } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import type { Spectrum } from '../spectrum/spectrum.ts';
import type { BoostedTrees } from './boost.ts';
import type { Tree } from './grow.ts';

/** The exact spectrum of an ensemble, its frequencies kept as (path, subset) until somebody asks; term 0 is ∅. */
export interface TreeTerms {
  readonly coefficients: Float64Array;
  /** Players of a term, ascending. */
  membersOf(term: number): number[];
}

/** Where the hash tables start; they double when half full. */
const FIRST_SLOTS = 1024;

interface Slots {
  low: Uint32Array;
  high: Uint32Array;
  term: Int32Array;
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
  const table = createTable();
  let empty = base;
  const paths: number[][] = [];
  for (let t = 0; t < Math.min(count, trees.length); t++) {
    empty += spread(trees[t], (path, signs, difference) => {
      const id = paths.length;
      paths.push(path);
      addSubsets(path, signs, difference, low, high, (a, b, subset, value) => table.add(a, b, id, subset, value));
    });
  }
  const coefficients = new Float64Array(table.size() + 1);
  coefficients[0] = empty;
  coefficients.set(table.values(), 1);
  return {
    coefficients,
    membersOf(term) {
      if (term === 0) return [];
      const { path, subset } = table.origin(term - 1);
      const players = paths[path];
      const last = players.length - 1;
      return players.filter((_, i) => i === last || (subset >> i) & 1).sort((a, b) => a - b);
    },
  };
}

type Spread = (path: number[], signs: Int8Array, difference: number) => void;

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
    visit([...path], Int8Array.from(signs), absent - present);
    path.pop();
    return (absent + present) / 2;
  };
  return walk(0);
}

function addSubsets(
  path: number[],
  signs: Int8Array,
  difference: number,
  low: Uint32Array,
  high: Uint32Array,
  add: (a: number, b: number, subset: number, value: number) => void,
): void {
  const depth = path.length - 1;
  let value = difference / 2 ** (depth + 1);
  if (value === 0) return;
  let a = low[path[depth]];
  let b = high[path[depth]];
  let subset = 0;
  add(a, b, subset, value);
  for (let i = 1; i < 1 << depth; i++) {
    const bit = 31 - Math.clz32(i & -i);
    a = (a ^ low[path[bit]]) >>> 0;
    b = (b ^ high[path[bit]]) >>> 0;
    subset ^= 1 << bit;
    if (signs[bit] < 0) value = -value;
    add(a, b, subset, value);
  }
}

/** Open addressing from two words to a term. */
function createTable() {
  let slots: Slots = { low: new Uint32Array(FIRST_SLOTS), high: new Uint32Array(FIRST_SLOTS), term: new Int32Array(FIRST_SLOTS).fill(-1) };
  const sums: number[] = [];
  const origins: { path: number; subset: number }[] = [];
  const find = (s: Slots, a: number, b: number): number => {
    const mask = s.term.length - 1;
    let at = a & mask;
    while (s.term[at] >= 0 && (s.low[at] !== a || s.high[at] !== b)) at = (at + 1) & mask;
    return at;
  };
  const grow = () => {
    const size = 2 * slots.term.length;
    const next: Slots = { low: new Uint32Array(size), high: new Uint32Array(size), term: new Int32Array(size).fill(-1) };
    for (let i = 0; i < slots.term.length; i++) {
      if (slots.term[i] < 0) continue;
      const at = find(next, slots.low[i], slots.high[i]);
      next.low[at] = slots.low[i];
      next.high[at] = slots.high[i];
      next.term[at] = slots.term[i];
    }
    slots = next;
  };
  return {
    add(a: number, b: number, path: number, subset: number, value: number) {
      const at = find(slots, a, b);
      if (slots.term[at] >= 0) {
        sums[slots.term[at]] += value;
        return;
      }
      slots.low[at] = a;
      slots.high[at] = b;
      slots.term[at] = sums.length;
      sums.push(value);
      origins.push({ path, subset });
      if (2 * sums.length > slots.term.length) grow();
    },
    size: () => sums.length,
    values: () => sums,
    origin: (term: number) => origins[term],
  };
}

/** Terms by |coefficient|, largest first, ∅ before all others. */
export function rankTerms({ coefficients }: TreeTerms): Uint32Array {
  const order = Uint32Array.from({ length: coefficients.length }, (_, k) => k);
  return order.sort((a, b) => (a === 0 ? -1 : b === 0 ? 1 : Math.abs(coefficients[b]) - Math.abs(coefficients[a]) || a - b));
}

/** Bit-packed keys of the named terms. */
export function keysOfTerms(terms: TreeTerms, chosen: ArrayLike<number>, n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(chosen.length * stride);
  for (let k = 0; k < chosen.length; k++) for (const i of terms.membersOf(chosen[k])) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}

/** The exact spectrum of the ensemble: it predicts what the trees predict. */
export function treesToSpectrum(model: BoostedTrees, n: number): Spectrum {
  const terms = treeTerms(model, n);
  const order = rankTerms(terms);
  return { n, keys: keysOfTerms(terms, order, n), coefficients: Float64Array.from(order, (k) => terms.coefficients[k]) };
}
