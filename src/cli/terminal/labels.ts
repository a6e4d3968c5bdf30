import type { Explanation } from '../../index.ts';
import { shorten } from './columns.ts';
import { subscript } from './numbers.ts';

type Players = Pick<Explanation, 'players'>;

/** Longer labels, such as those of sentences, are cut. */
const MOST_COLUMNS = 32;

const shortLabels = ({ players }: Players) => players.map(({ label }) => shorten(label, MOST_COLUMNS));

/** Whether a player's label, as shown and without regard to case, is another player's too. */
export function repeatedLabels(e: Players): boolean[] {
  const labels = shortLabels(e).map((label) => label.toLowerCase());
  const times = new Map<string, number>();
  for (const label of labels) times.set(label, (times.get(label) ?? 0) + 1);
  return labels.map((label) => (times.get(label) ?? 0) > 1);
}

/** The label of each player; words that stand in the text more than once carry their number: not₁₁. */
export function playerLabels(e: Players): string[] {
  const repeated = repeatedLabels(e);
  return shortLabels(e).map((label, id) => (repeated[id] ? label + subscript(id) : label));
}

/** Members as people read them: never × fails. */
export function membersLabel(members: readonly number[], labels: readonly string[]): string {
  return members.map((i) => labels[i]).join(' × ');
}
