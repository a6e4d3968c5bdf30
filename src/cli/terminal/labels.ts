import { type Label, labelsOf, plainLabel } from '../../element.ts';
import type { Explanation } from '../../index.ts';
import { COMPONENT_LENSES } from '../../lens.ts';
import { shorten, visible } from './columns.ts';

type Players = Pick<Explanation, 'players'>;

/** Whether the players are parts of the model. */
export function isOfModel({ lens }: Pick<Explanation, 'lens'>): boolean {
  return COMPONENT_LENSES.some((own) => own === lens);
}

/** What a line calls the players. */
export function playersNoun(e: Pick<Explanation, 'lens'>): string {
  if (e.lens === 'text') return 'words';
  if (e.lens === 'data') return 'examples';
  return e.lens === 'function' ? 'players' : e.lens;
}

/** Longer labels, such as those of sentences, are cut. */
const MOST_COLUMNS = 32;

/** Labels as on the page, but fit for a line: long ones are cut, and those that then read the same are numbered like repeated words. */
export function shortLabels({ players }: Players): Label[] {
  return labelsOf({ players: players.map((p) => ({ ...p, label: shorten(visible(p.label), MOST_COLUMNS) })) });
}

/** The label of each player; words that stand in the text more than once carry their place in it, from 1: not₁₁. */
export function playerLabels(e: Players): string[] {
  return shortLabels(e).map(plainLabel);
}

/** Members as people read them: never × fails. */
export function membersLabel(members: readonly number[], labels: readonly string[]): string {
  return members.map((i) => labels[i]).join(' × ');
}
