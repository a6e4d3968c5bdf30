import { type IndexName, isValue, weightsOf } from './index-weights.ts';
import { degrees, membersOf, type Spectrum } from './spectrum.ts';

/** Frequencies of more players than this are taken to hold nothing where the spectrum does not say so. */
export const TOP_DEGREE = 12;

export type { IndexName };

export interface IndexOptions {
  readonly index: IndexName;
  readonly maxOrder: number;
}

/** One interaction as a linear functional of the spectrum: value = Σ weights[j] · coefficients[terms[j]]. */
export interface InteractionRow {
  readonly members: readonly number[];
  readonly value: number;
  readonly terms: Uint32Array;
  readonly weights: Float64Array;
  /** w(t, |members|) for t = 0 … 12: what a frequency of t players that is not in the spectrum would weigh. Shared; do not write. */
  readonly byDegree: Float64Array;
}

type Visit = (members: number[], term: number, weight: number) => void;

/** Calls `visit` for every (S, T) with S ⊆ T in the spectrum, 1 ≤ |S| ≤ order and a weight other than zero. `members` is reused. */
function forEachWeight(spectrum: Spectrum, options: IndexOptions, visit: Visit): void {
  const weight = weightsOf(options.index, options.maxOrder);
  const order = isValue(options.index) ? 1 : options.maxOrder;
  const sizes = degrees(spectrum);
  const chosen: number[] = [];
  for (let k = 0; k < sizes.length; k++) {
    const t = sizes[k];
    const weights = Array.from({ length: Math.min(t, order) + 1 }, (_, s) => (s === 0 ? 0 : weight(t, s)));
    const deepest = weights.findLastIndex((w) => w !== 0);
    if (deepest < 1) continue;
    const players = membersOf(spectrum.keys, k, spectrum.n);
    const onlyWhole = weights.every((w, s) => w === 0 || s === t);
    if (onlyWhole) visit(players, k, weights[t]);
    else subsets(players, 0, deepest, chosen, (s) => weights[s] !== 0 && visit(chosen, k, weights[s]));
  }
}

function subsets(players: readonly number[], from: number, most: number, chosen: number[], found: (size: number) => void): void {
  for (let i = from; i < players.length; i++) {
    chosen.push(players[i]);
    found(chosen.length);
    if (chosen.length < most) subsets(players, i + 1, most, chosen, found);
    chosen.pop();
  }
}

/** A key equal for equal ascending members: a bit pattern where they fit in one, else a string of code units. */
function keyOf(members: readonly number[], n: number): number | string {
  if (n > 31) return String.fromCharCode(...members);
  let key = 0;
  for (const i of members) key |= 1 << i;
  return key;
}

/**
 * Interactions of 1 … maxOrder players (SV and BV: single players), every single player included, as (members, value); values are in the
 * units of the function. Errors of float64 sums only.
 */
export function toInteractions(spectrum: Spectrum, options: IndexOptions): { members: number[]; value: number }[] {
  const found = new Map<number | string, { members: number[]; value: number }>();
  for (let i = 0; i < spectrum.n; i++) found.set(keyOf([i], spectrum.n), { members: [i], value: 0 });
  forEachWeight(spectrum, options, (members, term, weight) => {
    const key = keyOf(members, spectrum.n);
    const known = found.get(key);
    const value = weight * spectrum.coefficients[term];
    if (known) known.value += value;
    else found.set(key, { members: [...members], value });
  });
  return [...found.values()];
}

/** As `toInteractions`, with the weights on the spectrum's coefficients kept, for standard errors. */
export function interactionRows(spectrum: Spectrum, options: IndexOptions): InteractionRow[] {
  const found = new Map<number | string, { members: number[]; terms: number[]; weights: number[] }>();
  for (let i = 0; i < spectrum.n; i++) found.set(keyOf([i], spectrum.n), { members: [i], terms: [], weights: [] });
  forEachWeight(spectrum, options, (members, term, weight) => {
    const key = keyOf(members, spectrum.n);
    let known = found.get(key);
    if (!known) {
      known = { members: [...members], terms: [], weights: [] };
      found.set(key, known);
    }
    known.terms.push(term);
    known.weights.push(weight);
  });
  const weight = weightsOf(options.index, options.maxOrder);
  const shared = new Map<number, Float64Array>();
  const byDegree = (size: number) => {
    let weights = shared.get(size);
    if (!weights) {
      weights = Float64Array.from({ length: Math.min(spectrum.n, TOP_DEGREE) + 1 }, (_, t) => (t < size ? 0 : weight(t, size)));
      shared.set(size, weights);
    }
    return weights;
  };
  return Array.from(found.values(), ({ members, terms, weights }) => ({
    members,
    byDegree: byDegree(members.length),
    value: terms.reduce((sum, term, j) => sum + weights[j] * spectrum.coefficients[term], 0),
    terms: Uint32Array.from(terms),
    weights: Float64Array.from(weights),
  }));
}
