import { WebspexError } from '../../core/errors.ts';
import type { Encoding, Tokenizer } from '../../model/model.ts';
import type { Player } from '../player.ts';

/** How a text is cut into players: by name, by a regular expression (`/…/flags`), or as [start, end) spans in UTF-16 units. */
export type Units = 'token' | 'word' | 'sentence' | `/${string}` | readonly (readonly [number, number])[];

/** A text cut into players, and which player each token belongs to (−1: never masked). */
export interface TextPlayers {
  readonly text: string;
  readonly players: readonly Player[];
  readonly playerOfToken: Int32Array;
  readonly encoding: Encoding;
}

type Span = readonly [start: number, end: number];

/** Scripts written without blanks between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function segments(text: string, granularity: 'word' | 'sentence'): Span[] {
  return Array.from(
    new Intl.Segmenter(undefined, { granularity }).segment(text),
    ({ index, segment }) => [index, index + segment.length] as const,
  );
}

function matches(text: string, pattern: RegExp): Span[] {
  return Array.from(text.matchAll(pattern), (m) => [m.index, m.index + m[0].length] as const).filter(([start, end]) => end > start);
}

/** Runs between blanks; where the script has none, the words that the segmenter finds, with punctuation added to the word before it. */
function wordSpans(text: string): Span[] {
  return matches(text, /\S+/gu).flatMap(([start, end]) => {
    const run = text.slice(start, end);
    if (!UNSPACED.test(run)) return [[start, end] as const];
    const out: [number, number][] = [];
    for (const [a, b] of segments(run, 'word')) {
      const last = out.at(-1);
      if (last && !/[\p{L}\p{N}]/u.test(run.slice(a, b))) last[1] = start + b;
      else out.push([start + a, start + b]);
    }
    return out;
  });
}

function trimmed(text: string, [start, end]: Span): Span {
  const inside = text.slice(start, end);
  const from = start + (inside.length - inside.trimStart().length);
  return [from, Math.max(from, end - (inside.length - inside.trimEnd().length))];
}

function regexSpans(text: string, units: string): Span[] {
  const close = units.lastIndexOf('/');
  const flags = units.slice(close + 1);
  try {
    return matches(text, new RegExp(units.slice(1, close), flags.includes('g') ? flags : `${flags}g`));
  } catch (error) {
    throw new WebspexError(
      'usage',
      `units: expected a regular expression such as /\\w+/, got ${units} (${(error as Error).message}); mend it`,
    );
  }
}

function checkedSpans(text: string, spans: readonly Span[]): readonly Span[] {
  let last = 0;
  for (const span of spans) {
    const [start, end] = Array.isArray(span) && span.length === 2 ? span : [Number.NaN, Number.NaN];
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < last || end <= start || end > text.length)
      throw new WebspexError(
        'usage',
        `units: expected ascending, separate [start, end] spans within ${text.length} characters, got ${JSON.stringify(span)}; correct them`,
      );
    last = end;
  }
  return spans;
}

function spansOf(text: string, units: Units, encoding: Encoding): readonly Span[] {
  if (Array.isArray(units)) return checkedSpans(text, units as readonly Span[]);
  if (units === 'word') return wordSpans(text);
  if (units === 'sentence')
    return segments(text, 'sentence')
      .map((s) => trimmed(text, s))
      .filter(([a, b]) => b > a);
  if (units === 'token') return tokenSpans(encoding);
  if (typeof units === 'string' && units.length > 1 && units.startsWith('/') && units.lastIndexOf('/') > 0) return regexSpans(text, units);
  throw new WebspexError(
    'usage',
    `units: expected token, word, sentence, /regex/ or [[start,end],…], got ${String(units)}; choose one of them`,
  );
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

/** A person's word for the span: without outer punctuation, with invisible and direction characters written out. */
function labelOf(text: string, [start, end]: Span): string {
  const raw = text.slice(start, end).trim();
  const bare = raw.replace(/^[\p{P}\p{S}]+|[\p{P}\p{S}]+$/gu, '') || raw;
  return bare.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => (c === '\u200d' ? c : `\\u{${(c.codePointAt(0) as number).toString(16)}}`)) || '·';
}

/** The units that a string names; spans are written as JSON. @throws usage. */
export function parseUnits(given: string): Units {
  if (!given.startsWith('[')) return given as Units;
  try {
    return JSON.parse(given) as Units;
  } catch {
    throw new WebspexError('usage', `units: expected spans as JSON such as [[0,5],[6,9]], got ${given}; correct them`);
  }
}

/**
 * Cuts a text into players. A token belongs to the first player whose span it overlaps; spans without a token make no player; text
 * outside every span is never masked. @throws usage for bad units, empty-input where no player remains.
 */
export function splitPlayers(tokenizer: Tokenizer, text: string, units: Units = 'word'): TextPlayers {
  if (text.trim() === '') throw new WebspexError('empty-input', 'text: expected some words, got none; give a text');
  const encoding = tokenizer.encode(text);
  const spans = spansOf(text, units, encoding);
  const owner = new Int32Array(encoding.ids.length).fill(-1);
  let first = 0;
  for (let t = 0; t < owner.length; t++) {
    while (first < spans.length && spans[first][1] <= encoding.starts[t]) first++;
    if (first < spans.length && spans[first][0] < encoding.ends[t]) owner[t] = first;
  }
  const used = [...new Set(owner)].filter((s) => s >= 0).sort((a, b) => a - b);
  if (used.length === 0)
    throw new WebspexError(
      'empty-input',
      `text: expected at least one player, got none with units ${JSON.stringify(units)}; choose other units`,
    );
  const place = new Map(used.map((s, id) => [s, id]));
  return {
    text,
    encoding,
    playerOfToken: owner.map((s) => place.get(s) ?? -1),
    players: used.map((s, id) => ({ id, label: labelOf(text, spans[s]), start: spans[s][0], end: spans[s][1] })),
  };
}
