import * as tables from './bert-tables.ts';

/** First code points of the stretches outside and inside a set, in turn. */
function edgesOf(table: string): Uint32Array {
  let at = 0;
  return Uint32Array.from(table.split(' '), (length) => {
    at += Number.parseInt(length, 36);
    return at;
  });
}

function memberTest(table: string): (c: string) => boolean {
  const edges = edgesOf(table);
  return (c) => {
    const code = c.codePointAt(0) as number;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (edges[middle] <= code) low = middle + 1;
      else high = middle;
    }
    return (low & 1) === 1;
  };
}

const isListed = memberTest(tables.REMOVED);
const isUndecomposed = memberTest(tables.UNDECOMPOSED);

/** Whether clean_text drops the character; a lone surrogate, which Rust cannot hold, goes the same way. */
export function isRemoved(c: string): boolean {
  return isListed(c) || (c.length === 1 && c >= '\ud800' && c <= '\udfff');
}

/** Whether strip_accents drops the character. */
export const isMark = memberTest(tables.MARKS);
/** Whether the character is a word of its own. */
export const isPunctuation = memberTest(tables.PUNCTUATION);
/** Whether the character is written without blanks and is set between some. */
export const isChinese = memberTest(tables.CHINESE);
/** Whether the character is moved, or passed, when marks are put in order. */
export const isNonstarter = memberTest(tables.NONSTARTERS);

const WHITE = /\p{White_Space}/u;

/** Whether words end at the character. */
export function isWhite(c: string): boolean {
  return c < '\x80' ? c === ' ' || (c >= '\t' && c <= '\r') : WHITE.test(c);
}

/** The characters of one character's canonical decomposition. */
export function decomposed(c: string): string[] {
  return c < '\x80' || isUndecomposed(c) ? [c] : [...c.normalize('NFD')];
}

/** Puts runs of combining characters in canonical order, in place; `move` hears where each character of a changed run came from. */
export function orderMarks(chars: string[], move: (start: number, from: readonly number[]) => void): void {
  for (let start = 0; start < chars.length; start++) {
    if (chars[start] < '\u0300' || !isNonstarter(chars[start])) continue;
    let end = start + 1;
    while (end < chars.length && isNonstarter(chars[end])) end++;
    if (end - start > 1) orderRun(chars, start, end, move);
    start = end;
  }
}

function orderRun(chars: string[], start: number, end: number, move: (start: number, from: readonly number[]) => void): void {
  const run = chars.slice(start, end);
  const ordered = [...run.join('').normalize('NFD')];
  if (ordered.length !== run.length || ordered.every((c, i) => c === run[i])) return;
  // Equal characters keep their order, so the k-th of them in the one is the k-th in the other.
  const places = new Map<string, number[]>();
  run.forEach((c, i) => {
    const list = places.get(c);
    if (list) list.push(i);
    else places.set(c, [i]);
  });
  for (const list of places.values()) list.reverse();
  move(
    start,
    ordered.map((c) => places.get(c)?.pop() ?? 0),
  );
  for (let i = 0; i < ordered.length; i++) chars[start + i] = ordered[i];
}
