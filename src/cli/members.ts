import { type Explanation, MOST_VERIFIED } from '../index.ts';
import { usage } from './arguments.ts';
import { nearest } from './nearest.ts';
import { playerLabels } from './terminal/labels.ts';

/** The parts of `never,fails` or `2,3`, before anyone knows the players. @throws usage. */
export function splitMembers(given: string): string[] {
  const parts = given.split(',').map((part) => part.trim());
  if (parts.some((part) => part === ''))
    throw usage(`--members: expected words or numbers with commas between, got ${JSON.stringify(given)}; write never,fails or 2,3`);
  if (parts.length > MOST_VERIFIED)
    throw usage(`--members: expected at most ${MOST_VERIFIED}, got ${parts.length}; each doubles the passes, so name fewer`);
  return parts;
}

/** not₁₁ as people can type it: not11. */
function typed(label: string): string {
  return label.replace(/[₀-₉]/g, (digit) => String(digit.charCodeAt(0) - 0x2080));
}

/** The one of these players, or undefined where there is none. @throws usage where there are several. */
function only(found: Explanation['players'], part: string, labels: readonly string[]): number | undefined {
  if (found.length > 1) {
    const names = found.map(({ id }) => labels[id]).join(', ');
    throw usage(
      `--members: expected one ${part}, got ${found.length} of them (${names}); write ${typed(labels[found[0].id])} for the first`,
    );
  }
  return found[0]?.id;
}

function playerNamed(part: string, players: Explanation['players'], labels: readonly string[]): number {
  const same = (a: string) => a.toLowerCase() === part.toLowerCase();
  const printed = only(
    players.filter(({ id, label }) => same(label) || same(labels[id])),
    part,
    labels,
  );
  if (printed !== undefined) return printed;
  const number = /^#?(\d+)$/.exec(part)?.[1];
  if (number !== undefined) {
    if (Number(number) < players.length) return Number(number);
    throw usage(`--members: expected players from 0 to ${players.length - 1}, got ${number}; see the players of explain --json`);
  }
  const indexed = only(
    players.filter(({ id }) => same(typed(labels[id]))),
    part,
    labels,
  );
  if (indexed !== undefined) return indexed;
  const close = nearest(
    part.toLowerCase(),
    players.map(({ label }) => label.toLowerCase()),
  );
  const hint = close ? `did you mean ${close}?` : `there are ${labels.slice(0, 12).join(', ')}${labels.length > 12 ? ', …' : ''}`;
  throw usage(`--members: expected words of the text, got ${part}; ${hint}`);
}

/**
 * Players by word in any case, by label as printed where a word stands in the text twice (not₁₁, or typed not11), or by number from 0 as in
 * the document (#20 where 20 is a word too); ascending. @throws usage.
 */
export function resolveMembers(parts: readonly string[], e: Pick<Explanation, 'players'>): number[] {
  const labels = playerLabels(e);
  const members = parts.map((part) => playerNamed(part, e.players, labels));
  const twice = members.find((m, i) => members.indexOf(m) !== i);
  if (twice !== undefined) throw usage(`--members: expected different players, got ${labels[twice]} twice; name each once`);
  return members.sort((a, b) => a - b);
}

/** The largest interaction of two to four players. @throws usage where the explanation has none. */
export function strongestMembers({ interactions }: Pick<Explanation, 'interactions'>): readonly number[] {
  const found = interactions.find(({ members }) => members.length >= 2 && members.length <= MOST_VERIFIED);
  if (found) return found.members;
  throw usage('verify: expected an interaction to verify, got an explanation without any; name words with --members');
}
