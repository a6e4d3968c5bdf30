import { type Masks, maskStride } from '../core/masks.ts';
import { columnWords, parityColumns, parityMoments, playerColumns } from '../spectrum/gram.ts';
import type { Pace } from './pace.ts';
import { REACH } from './windows.ts';

/** Players of a frequency, ascending. */
export type Members = readonly number[];

/** How many of the strongest players are combined, by degree: all subsets of them are looked at. */
const STRONGEST: Readonly<Record<number, number>> = { 2: 256, 3: 36, 4: 18, 5: 12, 6: 10 };

/**
 * Frequencies that may hold something under heredity, of one parity: ∅ or all single players, subsets of the strongest players, and
 * neighbours. No frequency comes twice.
 */
export function likelyFrequencies(influences: Float64Array, parity: 0 | 1): Members[] {
  const n = influences.length;
  const order = Array.from(influences.keys()).sort((a, b) => influences[b] - influences[a] || a - b);
  const out: Members[] = parity === 0 ? [[]] : Array.from({ length: n }, (_, i) => [i]);
  for (let degree = 2 + parity; degree <= 6; degree += 2) {
    const strongest = order.slice(0, STRONGEST[degree]).sort((a, b) => a - b);
    const isStrong = new Uint8Array(n);
    for (const i of strongest) isStrong[i] = 1;
    addSubsets(strongest, degree, out);
    for (const members of neighbours(n, degree)) if (members.some((i) => !isStrong[i])) out.push(members);
  }
  return out;
}

/** Adds all subsets of `size` of ascending players, in lexicographic order. */
function addSubsets(players: readonly number[], size: number, out: Members[]): void {
  const places = Array.from({ length: size }, (_, i) => i);
  while (players.length >= size) {
    out.push(places.map((p) => players[p]));
    const last = places.findLastIndex((p, i) => p < players.length - size + i);
    if (last < 0) return;
    places[last]++;
    for (let i = last + 1; i < size; i++) places[i] = places[i - 1] + 1;
  }
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

/** Sums of so many frequencies at once. */
const SLICE = 512;

/** Σ_r weights[r]·χ(r) of each frequency over masks, whose `playerColumns` come with them. */
export async function characterSums(
  masks: Masks,
  players: Uint32Array,
  frequencies: readonly Members[],
  weights: Float64Array,
  pace: Pace,
): Promise<Float64Array> {
  const out = new Float64Array(frequencies.length);
  for (let at = 0; at < frequencies.length; at += SLICE) {
    const slice = frequencies.slice(at, at + SLICE);
    out.set(parityMoments(parityColumns(masks, keysOf(slice, masks.n), players), masks.count, weights), at);
    // Eight look-ups a word, beside the players' own words.
    const rest = pace(8 * slice.length * (columnWords(masks.count) + maskStride(masks.n)));
    if (rest) await rest;
  }
  return out;
}

/** The columns of players, and the work that they were. */
export async function columnsOf(masks: Masks, pace: Pace): Promise<Uint32Array> {
  const columns = playerColumns(masks);
  const rest = pace(4 * masks.n * masks.count);
  if (rest) await rest;
  return columns;
}
