import type { Masks } from '../core/masks.ts';
import type { Correlator } from './correlate.ts';
import { characterOf, MAX_DEGREE } from './support.ts';

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
  readonly masks: Masks;
  readonly correlator: Correlator;
  readonly residual: Float64Array;
  /** Chosen frequencies that may be extended, with their characters as ±1 on the rows. */
  readonly parents: readonly { readonly members: readonly number[]; readonly column: Float64Array }[];
  /** 1 for every player that occurs in a chosen frequency. */
  readonly active: Uint8Array;
  readonly heredity: Heredity;
  readonly spread: Variances;
  /** Candidates whose evidence falls short of their cost by less than this are reported too. */
  readonly slack: number;
  readonly breathe?: () => Promise<void>;
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
export function priceOf(count: number, variance: number, noise: number, prior: number): number {
  return Math.log1p((count * variance) / noise) + 2 * Math.log((1 - prior) / prior);
}

function costOf({ residual, spread }: Scene, prior: number, degree: number): number {
  return priceOf(residual.length, spread.byDegree[degree], spread.noise, prior);
}

/**
 * Every frequency one step away whose evidence exceeds its cost less the slack: single players, pairs, and chosen frequencies with one
 * player more; largest gain first. A frequency that can be reached in several ways is there once, with its best gain; those that are
 * chosen already are not left out.
 */
export async function screen(scene: Scene): Promise<Candidate[]> {
  const { residual, correlator, breathe } = scene;
  const { weights, sums } = correlator;
  const steps = [singles(scene), ...pairs(scene), ...extensions(scene)];
  const best = new Map<string, Candidate>();
  const found = (members: number[], gain: number) => {
    const key = members.join();
    if ((best.get(key)?.gain ?? Number.NEGATIVE_INFINITY) < gain) best.set(key, { members, gain });
  };
  for (let s = 0; s < steps.length; s += 2) {
    const both = steps.slice(s, s + 2);
    for (const [lane, { column }] of both.entries()) {
      const character = column();
      for (let r = 0; r < residual.length; r++) weights[2 * r + lane] = character ? character[r] * residual[r] : residual[r];
    }
    correlator.run();
    for (const [lane, { visit }] of both.entries()) visit((f) => sums[2 * f + lane], found);
    await breathe?.();
  }
  return [...best.values()].sort((a, b) => b.gain - a.gain);
}

type Found = (members: number[], gain: number) => void;

/** A frequency that every single player extends, as ±1 on the rows (null: ∅), and what to make of the residual's products with each. */
interface Step {
  column(): Float64Array | null;
  visit(product: (player: number) => number, found: Found): void;
}

function singles(scene: Scene): Step {
  const { masks, residual, spread, heredity, slack } = scene;
  const price = costOf(scene, heredity.single, 1);
  const scale = 1 / (residual.length * spread.noise);
  return {
    column: () => null,
    visit(product, found) {
      for (let f = 0; f < masks.n; f++) {
        const gain = product(f) ** 2 * scale - price;
        if (gain > -slack) found([f], gain);
      }
    },
  };
}

function pairs(scene: Scene): Step[] {
  const { masks, residual, active, spread, heredity, slack } = scene;
  const { n } = masks;
  const prices = heredity.pair.map((prior) => costOf(scene, prior, 2));
  const scale = 1 / (residual.length * spread.noise);
  const firsts = Array.from({ length: n < 2 ? 0 : n }, (_, i) => i).filter((i) => n <= ALL_PAIRS || active[i]);
  return firsts.map((i) => ({
    column: () => characterOf(masks, [i]),
    visit(product, found) {
      for (let j = 0; j < n; j++) {
        // A pair whose lower player is screened as well has been seen from there.
        if (j === i || (j < i && (n <= ALL_PAIRS || active[j]))) continue;
        const gain = product(j) ** 2 * scale - prices[active[i] + active[j]];
        if (gain > -slack) found(i < j ? [i, j] : [j, i], gain);
      }
    },
  }));
}

function extensions(scene: Scene): Step[] {
  const { masks, residual, active, spread, heredity, parents, slack } = scene;
  const scale = 1 / (residual.length * spread.noise);
  return parents.map(({ members, column }) => ({
    column: () => column,
    visit(product, found) {
      const prices = heredity.extension.map((prior) => costOf(scene, prior, members.length + 1));
      for (let f = 0; f < masks.n; f++) {
        const gain = product(f) ** 2 * scale - prices[active[f]];
        if (gain > -slack && !members.includes(f))
          found(
            [...members, f].sort((a, b) => a - b),
            gain,
          );
      }
    },
  }));
}
