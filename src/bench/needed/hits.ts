import { membersOf, type Spectrum } from '../../spectrum/spectrum.ts';

/** How many players are looked at. */
export const HIT_KS = [1, 3, 5] as const;

/**
 * Hit@k for each k of `HIT_KS`: the share of the gold players among the k with the largest main effects, whichever their sign; a main effect is the
 * coefficient of the player alone, and who has none is not found. With more gold players than k it cannot come to 1.
 */
export function hitsOf(spectrum: Spectrum, gold: readonly number[]): number[] {
  const effects = Array.from(spectrum.coefficients, (c, k) => [membersOf(spectrum.keys, k, spectrum.n), Math.abs(c)] as const);
  const ranked = effects.filter(([members, size]) => members.length === 1 && size > 0).sort(([, a], [, b]) => b - a);
  return HIT_KS.map((k) => ranked.slice(0, k).filter(([[player]]) => gold.includes(player)).length / gold.length);
}
