import { WebspexError } from '../../core/errors.ts';

/** A stretch of a text: [start, end) in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** How a text is cut into players: by name, by a regular expression (`/…/flags`), or as spans. */
export type Units = 'token' | 'word' | 'sentence' | `/${string}` | readonly Span[];

/** Scripts written without blanks between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORDLIKE = /[\p{L}\p{M}\p{N}]/u;
const OPENING = /^[\p{Ps}\p{Pi}]+$/u;

function refuse(what: string, hint: string, of = 'units'): never {
  throw new WebspexError('usage', `${of}: ${what}; ${hint}`);
}

/** Boundaries must not depend on where the machine stands, so the locale is fixed. */
function segments(text: string, granularity: 'word' | 'sentence'): Span[] {
  return Array.from(
    new Intl.Segmenter('en', { granularity }).segment(text),
    ({ index, segment }) => [index, index + segment.length] as const,
  );
}

function matches(text: string, pattern: RegExp): Span[] {
  return Array.from(text.matchAll(pattern), (m) => [m.index, m.index + m[0].length] as const).filter(([start, end]) => end > start);
}

/** Words that the segmenter finds in a run without blanks; signs go with the word before them, opening ones with the word after. */
function wordsOfRun(run: string, offset: number): Span[] {
  const out: [number, number][] = [];
  let opening = -1;
  for (const [start, end] of segments(run, 'word')) {
    const segment = run.slice(start, end);
    const last = out.at(-1);
    if (WORDLIKE.test(segment)) {
      out.push([offset + (opening < 0 ? start : opening), offset + end]);
      opening = -1;
    } else if (opening < 0 && last && !OPENING.test(segment)) last[1] = offset + end;
    else if (opening < 0) opening = start;
  }
  const last = out.at(-1);
  if (opening >= 0 && last) last[1] = offset + run.length;
  return last ? out : [[offset, offset + run.length]];
}

/** Runs between blanks, with the signs attached to them; where the script has no blanks, the words in them. */
function wordSpans(text: string): Span[] {
  return matches(text, /\S+/gu).flatMap(([start, end]) => {
    const run = text.slice(start, end);
    return UNSPACED.test(run) ? wordsOfRun(run, start) : [[start, end] as const];
  });
}

function sentenceSpans(text: string): Span[] {
  return segments(text, 'sentence')
    .map(([start, end]) => {
      const inside = text.slice(start, end);
      return [start + inside.length - inside.trimStart().length, start + inside.trimEnd().length] as const;
    })
    .filter(([start, end]) => end > start);
}

/** Unicode mode where the pattern is valid in it, so that \p{…} works and a surrogate pair is one character. */
function compiled(units: string): RegExp {
  const close = units.lastIndexOf('/');
  const body = units.slice(1, close);
  const flags = units.slice(close + 1).replace('g', '');
  if (body === '') refuse(`expected a pattern between the slashes, got ${units}`, 'write one such as /\\w+/');
  try {
    if (!/[uv]/.test(flags)) return new RegExp(body, `${flags}gu`);
  } catch {
    // Patterns from before Unicode mode, such as /\-/, are tried as they are.
  }
  try {
    return new RegExp(body, `${flags}g`);
  } catch (error) {
    return refuse(`expected a regular expression such as /\\w+/, got ${units} (${(error as Error).message})`, 'mend it');
  }
}

/** Spans as given, checked to ascend, apart and within the text; `of` is what errors call them. @throws usage. */
export function checkedSpans(text: string, spans: readonly unknown[], of?: string): Span[] {
  let last = 0;
  return spans.map((span) => {
    const [start, end] = Array.isArray(span) && span.length === 2 ? (span as unknown[]) : [];
    if (!Number.isInteger(start) || !Number.isInteger(end))
      refuse(`expected spans of two whole numbers, got ${JSON.stringify(span)}`, 'write them as [[0,5],[6,9]]', of);
    const [from, to] = [start as number, end as number];
    if (from < last || to <= from || to > text.length)
      refuse(`expected ascending, separate spans within ${text.length} characters, got ${JSON.stringify(span)}`, 'correct them', of);
    last = to;
    return [from, to] as const;
  });
}

/** Whether a text ends in a script that is written without blanks between words. */
export function endsUnspaced(text: string): boolean {
  return UNSPACED.test([...text].at(-1) ?? '');
}

/** The units that a string names; spans are written as JSON. @throws usage for anything else, a bad regular expression included. */
export function parseUnits(given: string): Units {
  if (given === 'token' || given === 'word' || given === 'sentence') return given;
  if (given.startsWith('/') && given.lastIndexOf('/') > 0) {
    compiled(given);
    return given as `/${string}`;
  }
  if (given.startsWith('['))
    try {
      return JSON.parse(given) as readonly Span[];
    } catch {
      refuse(`expected spans as JSON, got ${given}`, 'write them as [[0,5],[6,9]]');
    }
  return refuse(`expected token, word, sentence, /regex/ or [[start,end],…], got ${given}`, 'choose one of them');
}

/** Spans of the units in a text, ascending and apart; null for `token`, which is up to the tokenizer. @throws usage. */
export function spansOf(text: string, units: Units): readonly Span[] | null {
  if (Array.isArray(units)) return checkedSpans(text, units);
  switch (parseUnits(String(units))) {
    case 'token':
      return null;
    case 'word':
      return wordSpans(text);
    case 'sentence':
      return sentenceSpans(text);
    default:
      return matches(text, compiled(String(units)));
  }
}
