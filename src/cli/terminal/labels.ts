import type { Explanation } from '../../index.ts';
import { subscript } from './numbers.ts';

/** The label of each player; words that stand in the text more than once carry their number: not₁₁. */
export function playerLabels({ players }: Pick<Explanation, 'players'>): string[] {
  const times = new Map<string, number>();
  const key = (label: string) => label.toLowerCase();
  for (const { label } of players) times.set(key(label), (times.get(key(label)) ?? 0) + 1);
  return players.map(({ id, label }) => ((times.get(key(label)) ?? 0) > 1 ? label + subscript(id) : label));
}

/** Members as people read them: never × fails. */
export function membersLabel(members: readonly number[], labels: readonly string[]): string {
  return members.map((i) => labels[i]).join(' × ');
}
