import type { Explanation, Interaction } from '../explain/document.ts';
import { toInteractions } from '../spectrum/indices.ts';
import { spectrumFromTerms } from '../spectrum/spectrum.ts';

/** What the explanation predicts with some players absent, and its interactions among the others. */
export interface Projection {
  readonly value: number;
  readonly interactions: readonly Interaction[];
}

/** f̂(m) = Σ coefficient · (−1)^(kept members), for the mask in which `absent` are masked and all others kept. */
export function predict(e: Pick<Explanation, 'spectrum'>, absent: ReadonlySet<number>): number {
  let sum = 0;
  for (const { members, coefficient } of e.spectrum) {
    let kept = 0;
    for (const m of members) if (!absent.has(m)) kept++;
    sum += kept % 2 ? -coefficient : coefficient;
  }
  return sum;
}

/**
 * The explanation with players fixed as absent: their characters are +1, so every frequency loses them and equal ones add up (exact for the
 * explanation, no pass of the model). Errors are kept from the same interaction of the whole game, as a guide to what is noise only.
 */
export function project(e: Explanation, absent: ReadonlySet<number>): Projection {
  const value = predict(e, absent);
  if (absent.size === 0) return { value, interactions: e.interactions };
  const terms = e.spectrum.map(({ members, coefficient }) => [members.filter((m) => !absent.has(m)), coefficient] as const);
  const errors = new Map(e.interactions.map((i) => [i.members.join(), i.se]));
  const interactions = toInteractions(spectrumFromTerms(e.players.length, terms), { index: e.index, maxOrder: e.maxOrder })
    .filter((i) => !i.members.some((m) => absent.has(m)))
    .map((i) => ({ ...i, se: errors.get(i.members.join()) ?? 0 }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return { value, interactions };
}
