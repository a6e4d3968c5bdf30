import { isPresent, type Masks } from '../core/masks.ts';

/** Highest degree of a frequency. */
export const MAX_DEGREE = 5;

/** Masks and their values, standardised to mean 0 and variance 1. */
export interface Rows {
  readonly masks: Masks;
  readonly y: Float64Array;
}

/** A frequency (players ascending) with its character as ±1 on the rows. */
export interface Term {
  readonly members: readonly number[];
  readonly column: Float64Array;
}

/** The chosen frequencies, ∅ first, with their Gram matrix (rows of a lower triangle) and moments Xᵀy. */
export interface Support {
  readonly rows: Rows;
  size: number;
  readonly terms: Term[];
  readonly gram: Float64Array[];
  readonly moments: number[];
  readonly known: Set<string>;
}

/** A support of ∅ alone. */
export function createSupport(rows: Rows): Support {
  const support: Support = { rows, size: 0, terms: [], gram: [], moments: [], known: new Set() };
  addTerms(support, [[]]);
  return support;
}

/** Σ a_r b_r. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The character of a frequency on every row: (−1)^(members present). */
export function characterOf(masks: Masks, members: readonly number[]): Float64Array {
  const column = new Float64Array(masks.count).fill(1);
  for (const i of members) for (let r = 0; r < masks.count; r++) if (isPresent(masks, r, i)) column[r] = -column[r];
  return column;
}

/** Adds frequencies (ascending players) that are not there yet. */
export function addTerms(support: Support, added: readonly (readonly number[])[]): void {
  for (const members of added) {
    const column = characterOf(support.rows.masks, members);
    support.terms.push({ members, column });
    support.gram.push(Float64Array.from(support.terms, (other) => dot(column, other.column)));
    support.moments.push(dot(column, support.rows.y));
    support.known.add(members.join());
    support.size++;
  }
}

/** Removes the named places. */
export function dropTerms(support: Support, places: readonly number[]): void {
  for (const k of [...places].sort((a, b) => b - a)) {
    support.known.delete(support.terms[k].members.join());
    support.terms.splice(k, 1);
    support.moments.splice(k, 1);
    support.gram.splice(k, 1);
    for (let i = k; i < support.gram.length; i++) support.gram[i] = support.gram[i].filter((_, j) => j !== k);
    support.size--;
  }
}

/** Whether a frequency has been chosen. */
export function isInside(support: Support, members: readonly number[]): boolean {
  return support.known.has(members.join());
}

/** 1 for every player that occurs in a chosen frequency. */
export function activePlayers(support: Support): Uint8Array {
  const active = new Uint8Array(support.rows.masks.n);
  for (const { members } of support.terms) for (const i of members) active[i] = 1;
  return active;
}
