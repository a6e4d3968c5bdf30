import { maskStride } from '../core/masks.ts';
import { REACH } from './windows.ts';

/** Players of a frequency, ascending. */
export type Members = readonly number[];

/** How many of the strongest players are combined, by degree: all subsets of them are looked at. */
const STRONGEST: Readonly<Record<number, number>> = { 2: 256, 3: 36, 4: 18, 5: 12, 6: 10 };

/**
 * Frequencies that may hold something under heredity, of one parity: ∅ or all single players, subsets of the strongest players, and
 * neighbours. Those with the same head come together. No frequency comes twice.
 */
export function likelyFrequencies(influences: Float64Array, parity: 0 | 1): Members[] {
  const n = influences.length;
  const order = Array.from(influences.keys()).sort((a, b) => influences[b] - influences[a] || a - b);
  const out: Members[] = parity === 0 ? [[]] : Array.from({ length: n }, (_, i) => [i]);
  for (let degree = 2 + parity; degree <= 6; degree += 2) {
    const sets = [
      ...subsetsOf(
        order.slice(0, STRONGEST[degree]).sort((a, b) => a - b),
        degree,
      ),
      ...neighbours(n, degree),
    ];
    const known = new Set<string>();
    for (const members of sets) {
      const key = members.join();
      if (!known.has(key)) out.push(members);
      known.add(key);
    }
  }
  return out;
}

/** All subsets of `size` of ascending players. */
function subsetsOf(players: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  const out: number[][] = [];
  for (const [k, i] of players.entries()) for (const rest of subsetsOf(players.slice(k + 1), size - 1)) out.push([i, ...rest]);
  return out;
}

/** Pairs within the reach of the kernel, and triples in a row. */
function neighbours(n: number, degree: number): number[][] {
  const out: number[][] = [];
  if (degree === 2) for (let i = 0; i < n; i++) for (let d = 1; d <= REACH && i + d < n; d++) out.push([i, i + d]);
  if (degree === 3) for (let i = 0; i + 2 < n; i++) out.push([i, i + 1, i + 2]);
  return out;
}

/** Bit-packed keys, in order. */
export function keysOf(frequencies: readonly Members[], n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(frequencies.length * stride);
  for (const [k, members] of frequencies.entries()) for (const i of members) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}

/** Σ_r weights[r]·χ(r) of each frequency, from the ±1 columns of single players; runs of equal heads cost one pass a frequency. */
export function characterSums(frequencies: readonly Members[], columns: readonly Float64Array[], weights: Float64Array): Float64Array {
  const product = Float64Array.from(weights);
  let head: Members = [];
  return Float64Array.from(frequencies, (members) => {
    const size = Math.max(0, members.length - 1);
    if (size !== head.length || head.some((i, k) => i !== members[k])) {
      head = members.slice(0, size);
      product.set(weights);
      for (const i of head) for (let r = 0; r < product.length; r++) product[r] *= columns[i][r];
    }
    let sum = 0;
    if (members.length === 0) for (let r = 0; r < product.length; r++) sum += product[r];
    else {
      const last = columns[members[size]];
      for (let r = 0; r < product.length; r++) sum += product[r] * last[r];
    }
    return sum;
  });
}
