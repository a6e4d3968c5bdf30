import { WebspexError } from '../../core/errors.ts';
import type { Encoding, Tokenizer } from '../../model/model.ts';
import type { Player } from '../player.ts';
import { type Span, spansOf, type Units } from './units.ts';

export { parseUnits, type Units } from './units.ts';

/** A text cut into players, and which player each token belongs to (−1: never masked). */
export interface TextPlayers {
  readonly text: string;
  readonly players: readonly Player[];
  readonly playerOfToken: Int32Array;
  readonly encoding: Encoding;
  /** Spans that were asked to be left alone; no player overlaps them. */
  readonly locked: readonly Span[];
}

/** Tokens that share characters (parts of one written character) are one player. */
function tokenSpans({ starts, ends }: Encoding): Span[] {
  const out: [number, number][] = [];
  for (let t = 0; t < starts.length; t++) {
    const last = out.at(-1);
    if (last && starts[t] < last[1]) last[1] = Math.max(last[1], ends[t]);
    else out.push([starts[t], ends[t]]);
  }
  return out;
}

/** Words within one token, as an unknown word in a script without blanks has them, are one: they can only be masked together. */
function joinedWithinTokens(spans: readonly Span[], { starts, ends }: Encoding): Span[] {
  const out: [number, number][] = [];
  let t = 0;
  for (const [start, end] of spans) {
    while (t < starts.length && ends[t] <= start) t++;
    const last = out.at(-1);
    if (last && t < starts.length && starts[t] < last[1] && starts[t] < end) last[1] = end;
    else out.push([start, end]);
  }
  return out;
}

const OUTER = /[\p{P}\p{White_Space}]/u;
/** Joiners are left alone: they are part of how emoji and many scripts are written. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

/** What a person would call the span: without outer punctuation and blanks, with control and direction characters written out. */
export function labelOf(text: string, [start, end]: Span): string {
  const chars = [...text.slice(start, end)];
  let from = 0;
  let to = chars.length;
  while (from < to && OUTER.test(chars[from])) from++;
  while (to > from && OUTER.test(chars[to - 1])) to--;
  const bare = from < to ? chars.slice(from, to) : chars;
  return bare.join('').replace(INVISIBLE, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);
}

/** The first span that each token overlaps, −1 where there is none; both lists ascend. */
function ownersOf({ starts, ends }: Encoding, spans: readonly Span[]): Int32Array {
  const owner = new Int32Array(starts.length).fill(-1);
  let first = 0;
  for (let t = 0; t < owner.length; t++) {
    while (first < spans.length && spans[first][1] <= starts[t]) first++;
    if (first < spans.length && spans[first][0] < ends[t]) owner[t] = first;
  }
  return owner;
}

/**
 * Cuts a text into players. A token belongs to the first player whose span it overlaps (words and sentences that share one are joined);
 * spans without a token make no player, nor do those that overlap a locked span; text outside every player is never masked.
 * @throws usage for bad units, empty-input where no player remains.
 */
export function splitPlayers(tokenizer: Tokenizer, text: string, units: Units = 'word', locked: readonly Span[] = []): TextPlayers {
  if (text.trim() === '') throw new WebspexError('empty-input', 'text: expected some words, got none; give a text');
  const encoding = tokenizer.encode(text);
  const asked = spansOf(text, units) ?? tokenSpans(encoding);
  const spans = units === 'word' || units === 'sentence' ? joinedWithinTokens(asked, encoding) : asked;
  if (encoding.ids.length === 0)
    throw new WebspexError('empty-input', 'text: expected something the model can read, got invisible characters only; give a text');
  const owner = ownersOf(encoding, spans);
  const isLocked = ([start, end]: Span) => locked.some(([from, to]) => start < to && from < end);
  const used = [...new Set(owner)].filter((s) => s >= 0 && !isLocked(spans[s]));
  if (used.length === 0) {
    const named = typeof units === 'string' ? units : JSON.stringify(units);
    throw new WebspexError(
      'empty-input',
      `text: expected at least one player, got none with units ${named}${locked.length > 0 ? ' and what is locked' : ''}; choose other units`,
    );
  }
  const place = new Map(used.map((s, id) => [s, id]));
  return {
    text,
    encoding,
    locked,
    playerOfToken: owner.map((s) => place.get(s) ?? -1),
    players: used.map((s, id) => ({ id, label: labelOf(text, spans[s]), start: spans[s][0], end: spans[s][1] })),
  };
}
