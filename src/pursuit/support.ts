import { isPresent, type Masks } from '../core/masks.ts';

/** Highest degree of a frequency. */
export const MAX_DEGREE = 5;

/** The chosen frequencies, ∅ first, with their characters on the masks, Gram matrix (rows of a lower triangle) and moments Xᵀy. */
export interface Support {
  readonly masks: Masks;
  readonly y: Float64Array;
  size: number;
  readonly members: number[][];
  readonly columns: Float64Array[];
  readonly gram: Float64Array[];
  readonly moments: number[];
  readonly known: Set<string>;
}

/** A support of ∅ alone. */
export function createSupport(masks: Masks, y: Float64Array): Support {
  const support: Support = { masks, y, size: 0, members: [], columns: [], gram: [], moments: [], known: new Set() };
  addTerms(support, [[]]);
  return support;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function character(masks: Masks, members: readonly number[]): Float64Array {
  const column = new Float64Array(masks.count).fill(1);
  for (const i of members) for (let r = 0; r < masks.count; r++) if (isPresent(masks, r, i)) column[r] = -column[r];
  return column;
}

/** Adds frequencies (ascending players) that are not there yet. */
export function addTerms(support: Support, terms: readonly number[][]): void {
  for (const members of terms) {
    const column = character(support.masks, members);
    support.members.push(members);
    support.columns.push(column);
    support.gram.push(Float64Array.from(support.columns, (other) => dot(column, other)));
    support.moments.push(dot(column, support.y));
    support.known.add(members.join());
    support.size++;
  }
}

/** Removes the named places. */
export function dropTerms(support: Support, places: readonly number[]): void {
  for (const k of [...places].sort((a, b) => b - a)) {
    support.known.delete(support.members[k].join());
    support.members.splice(k, 1);
    support.columns.splice(k, 1);
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
  const active = new Uint8Array(support.masks.n);
  for (const members of support.members) for (const i of members) active[i] = 1;
  return active;
}
