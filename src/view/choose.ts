import type { Explanation, Interaction } from '../explain/document.ts';
import { visible } from './format.ts';

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

/** A player's word, and its place in the text (from 1) where the same word stands there more than once. */
export interface Label {
  readonly word: string;
  readonly index: number | null;
}

/** Labels of the players in order; equal words are compared without case. */
export function labelsOf(e: Pick<Explanation, 'players'>): Label[] {
  const seen = new Map<string, number>();
  for (const { label } of e.players) seen.set(label.toLowerCase(), (seen.get(label.toLowerCase()) ?? 0) + 1);
  return e.players.map(({ label }, i) => ({ word: label, index: (seen.get(label.toLowerCase()) ?? 0) > 1 ? i + 1 : null }));
}

/** A label in one string: not₁₁. */
export function plainLabel({ word, index }: Label): string {
  return index === null ? word : word + String(index).replace(/\d/g, (d) => SUBSCRIPTS[Number(d)]);
}

/** Labels of the players as a reader should see them: numbered where repeated, hidden characters written out. */
export function readableLabels(e: Pick<Explanation, 'players'>): string[] {
  return labelsOf(e).map((label) => visible(plainLabel(label)));
}

/** Within two standard errors of zero. */
export function uncertain({ value, se }: Pick<Interaction, 'value' | 'se'>): boolean {
  return Math.abs(value) < 2 * se;
}

/** The members of an interaction in one string; equal for equal sets, because members ascend. */
export function keyOf(members: readonly number[]): string {
  return members.join(' ');
}

export interface Choice {
  /** Only interactions of this many players or more. */
  readonly smallest: number;
  /** Most certain interactions to take. */
  readonly most: number;
  /** Uncertain ones are taken only to fill up to this many. */
  readonly least: number;
}

/** Values below this share of the largest are rounding errors of an exact transform, not effects. */
const NEGLIGIBLE = 1e-6;

/** The interactions worth showing, by size: certain ones, and uncertain ones only where there are few of those. */
export function topInteractions(interactions: readonly Interaction[], { smallest, most, least }: Choice): Interaction[] {
  const candidates = realInteractions(interactions, smallest);
  const certain = candidates.filter((i) => !uncertain(i)).slice(0, most);
  const fill = candidates.filter(uncertain).slice(0, Math.max(0, Math.min(least, most) - certain.length));
  return [...certain, ...fill].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** All interactions of at least `smallest` players that are not rounding errors, largest first. */
export function realInteractions(interactions: readonly Interaction[], smallest: number): Interaction[] {
  const floor = NEGLIGIBLE * interactions.reduce((most, i) => Math.max(most, Math.abs(i.value)), 0);
  return interactions
    .filter((i) => i.members.length >= smallest && Math.abs(i.value) > floor)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** The effect of each player by itself, in the players' order; 0 where the document has none. */
export function mainEffects(players: number, interactions: readonly Interaction[]): Interaction[] {
  const byPlayer = new Map(interactions.filter((i) => i.members.length === 1).map((i) => [i.members[0], i]));
  return Array.from({ length: players }, (_, id) => byPlayer.get(id) ?? { members: [id], value: 0, se: 0 });
}

/** All but rounding. */
const EXACT_R2 = 1 - 1e-9;

/** How far a fit can be trusted: every mask known, R² ≥ 0.7, ≥ 0.5, below. */
export type Grade = 'exact' | 'good' | 'fair' | 'poor';

/** The grade of a fit; the limits are those at which the page warns. */
export function gradeOf(fit: Explanation['fit']): Grade {
  // A method that is no transform can know every mask and still be another function.
  if (fit.heldOut === 0 && fit.r2 > EXACT_R2) return 'exact';
  return fit.r2 >= 0.7 ? 'good' : fit.r2 >= 0.5 ? 'fair' : 'poor';
}

/** P(target) where the scalar determines it: log-odds, log-probability or probability; else null. */
export function probabilityOf(scalar: string, value: number): number | null {
  if (scalar === 'log-odds') return 1 / (1 + Math.exp(-value));
  if (scalar === 'log-prob') return Math.exp(value);
  return scalar === 'prob' ? value : null;
}

/** The least of 1, 1.5, 2, 3, 4, 6, 8 × 10ᵏ that is not below `largest`: a scale that does not tremble with every new estimate. */
export function niceScale(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [1, 1.5, 2, 3, 4, 6, 8].find((s) => s * power >= largest * (1 - 1e-9));
  return step === undefined ? 10 * power : step * power;
}
