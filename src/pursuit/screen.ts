import { type ByteColumns, correlateAll } from './correlate.ts';
import { MAX_DEGREE } from './support.ts';

/** A frequency not necessarily chosen yet, and by how much its evidence exceeds its cost (twice a log-odds). */
export interface Candidate {
  readonly members: number[];
  readonly gain: number;
}

/** Noise variance and the prior variance of a coefficient of each degree, re-estimated as terms come in (empirical Bayes). */
export interface Variances {
  noise: number;
  readonly byDegree: Float64Array;
}

/** Prior probabilities that a frequency is live, by heredity: players that are in use already make it likelier. */
export interface Heredity {
  readonly single: number;
  /** Pairs with 0, 1 and 2 active players. */
  readonly pair: readonly number[];
  /** Chosen frequencies with one more player: an idle one, an active one. */
  readonly extension: readonly number[];
}

/** What a screening looks at. */
export interface Scene {
  readonly columns: ByteColumns;
  readonly residual: Float64Array;
  /** Chosen frequencies that may be extended, with their characters as ±1 on the rows. */
  readonly parents: readonly { readonly members: readonly number[]; readonly column: Float64Array }[];
  /** 1 for every player that occurs in a chosen frequency. */
  readonly active: Uint8Array;
  readonly heredity: Heredity;
  readonly spread: Variances;
  /** Candidates whose evidence falls short of their cost by less than this are reported too. */
  readonly slack: number;
}

/** Up to here every pair is screened; beyond, only pairs with an active player. */
const ALL_PAIRS = 200;

/** Heredity before any term is known, with constants that were fixed a priori (numerics of HGP). */
export function guessHeredity(n: number, actives: number, parents: number): Heredity {
  const used = Math.max(actives, 1);
  const idle = n - used;
  return {
    single: Math.min(0.5, Math.max(20 / n, 0.15)),
    pair: [
      Math.min(0.1, 0.5 / Math.max(idle ** 2 / 2, 1)),
      Math.min(0.2, 3 / Math.max(used * idle, 1)),
      Math.min(0.3, Math.max(10, used) / Math.max(used ** 2 / 2, 1)),
    ],
    extension: [Math.min(0.1, 0.5 / Math.max(parents * idle, 1)), Math.min(0.2, Math.max(4, 0.3 * parents) / Math.max(parents * used, 1))],
  };
}

/** Prior probability that a frequency is live. */
export function priorOf(members: readonly number[], active: Uint8Array, { single, pair, extension }: Heredity): number {
  if (members.length === 1) return single;
  let used = 0;
  for (const i of members) used += active[i];
  return members.length === 2 ? pair[used] : extension[used === members.length ? 1 : 0];
}

/** Frequencies that may be extended by one player. */
export function isParent(members: readonly number[]): boolean {
  return members.length >= 2 && members.length < MAX_DEGREE;
}

/** ln(1 + Nτ_d²/σ²) + 2 ln((1 − π)/π): the evidence z² = ⟨χ, r⟩²/(Nσ²) that a frequency of degree d and prior probability π must bring. */
function costOf({ residual, spread }: Scene, prior: number, degree: number): number {
  return Math.log1p((residual.length * spread.byDegree[degree]) / spread.noise) + 2 * Math.log((1 - prior) / prior);
}

/**
 * Every frequency one step away whose evidence exceeds its cost less the slack: single players, pairs, and chosen frequencies with one
 * player more; largest gain first. A frequency that can be reached in several ways is there once, with its best gain; those that are
 * chosen already are not left out.
 */
export function screen(scene: Scene): Candidate[] {
  const best = new Map<string, Candidate>();
  const found = (members: number[], gain: number) => {
    const key = members.join();
    if ((best.get(key)?.gain ?? Number.NEGATIVE_INFINITY) < gain) best.set(key, { members, gain });
  };
  screenSingles(scene, found);
  screenPairs(scene, found);
  screenExtensions(scene, found);
  return [...best.values()].sort((a, b) => b.gain - a.gain);
}

type Found = (members: number[], gain: number) => void;

function screenSingles(scene: Scene, found: Found): void {
  const { columns, residual, spread, heredity, slack } = scene;
  const price = costOf(scene, heredity.single, 1);
  const scale = 1 / (residual.length * spread.noise);
  const z = correlateAll(columns, residual, new Float64Array(columns.n));
  for (let f = 0; f < columns.n; f++) {
    const gain = z[f] * z[f] * scale - price;
    if (gain > -slack) found([f], gain);
  }
}

function screenPairs(scene: Scene, found: Found): void {
  const { columns, residual, active, spread, heredity, slack } = scene;
  const { n, bytes, count } = columns;
  if (n < 2) return;
  const prices = heredity.pair.map((prior) => costOf(scene, prior, 2));
  const scale = 1 / (count * spread.noise);
  const weighted = new Float64Array(count);
  const z = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    if (n > ALL_PAIRS && !active[i]) continue;
    for (let r = 0, at = (i >> 3) * count; r < count; r++, at++) weighted[r] = (bytes[at] >> (i & 7)) & 1 ? -residual[r] : residual[r];
    correlateAll(columns, weighted, z);
    for (let j = 0; j < n; j++) {
      // A pair whose lower player is screened as well has been seen from there.
      if (j === i || (j < i && (n <= ALL_PAIRS || active[j]))) continue;
      const gain = z[j] * z[j] * scale - prices[active[i] + active[j]];
      if (gain > -slack) found(i < j ? [i, j] : [j, i], gain);
    }
  }
}

function screenExtensions(scene: Scene, found: Found): void {
  const { columns, residual, active, spread, heredity, parents, slack } = scene;
  const scale = 1 / (columns.count * spread.noise);
  const weighted = new Float64Array(columns.count);
  const z = new Float64Array(columns.n);
  for (const { members, column } of parents) {
    for (let r = 0; r < weighted.length; r++) weighted[r] = column[r] * residual[r];
    correlateAll(columns, weighted, z);
    const prices = heredity.extension.map((prior) => costOf(scene, prior, members.length + 1));
    for (let f = 0; f < columns.n; f++) {
      const gain = z[f] * z[f] * scale - prices[active[f]];
      if (gain > -slack && !members.includes(f))
        found(
          [...members, f].sort((a, b) => a - b),
          gain,
        );
    }
  }
}
