import { readFileSync } from 'node:fs';
import { type Masks, masksFromRows } from '../../src/core/masks.ts';
import type { IndexName } from '../../src/spectrum/index-weights.ts';
import { toInteractions } from '../../src/spectrum/indices.ts';
import type { Fit } from '../../src/spectrum/spectrum.ts';

/** Values of an index of a fit, by members: '0,3' → number. */
export function valuesOf(fit: Fit, index: IndexName, maxOrder: number): Map<string, number> {
  return new Map(toInteractions(fit.spectrum, { index, maxOrder }).map(({ members, value }) => [members.join(), value]));
}

/** Masks from strings of 0 and 1, character i = player i. */
export function masksOf(rows: readonly string[]): Masks {
  return masksFromRows(rows.map((row) => Array.from(row, Number)));
}

/** Place of each mask in a complete table. */
export function placesOf(masks: Masks): number[] {
  return Array.from({ length: masks.count }, (_, r) => masks.words[r]);
}

const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));

/** Shapley values by their definition: Σ_T |T|!(n − |T| − 1)!/n! · (f(T ∪ i) − f(T)). */
export function shapleyValues(table: ArrayLike<number>, n: number): number[] {
  const size = (m: number) => m.toString(2).replaceAll('0', '').length;
  return Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let t = 0; t < 2 ** n; t++)
      if (!((t >> i) & 1)) sum += ((factorial(size(t)) * factorial(n - size(t) - 1)) / factorial(n)) * (table[t | (1 << i)] - table[t]);
    return sum;
  });
}

export interface Golden {
  readonly n: number;
  readonly table: readonly number[];
  readonly full: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly sampled: Readonly<
    Record<string, { order: number; masks: readonly string[]; weights: readonly number[]; values: Readonly<Record<string, number>> }>
  >;
  readonly lime: { readonly masks: readonly string[]; readonly intercept: number; readonly weights: readonly number[] };
}

export const golden = JSON.parse(readFileSync(new URL('./golden/baselines.json', import.meta.url), 'utf8')) as Golden;
