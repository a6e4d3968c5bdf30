import { isWhite } from './bert-characters.ts';

/** A token that is matched as a whole, before words are split. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Takes the white space before (after) it along. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Matches only where no word character touches it. */
  readonly singleWord: boolean;
}

/** Added tokens by their first UTF-16 unit, the longest first. */
export type AddedTokens = ReadonlyMap<number, readonly AddedToken[]>;

/** Where an added token stands, in UTF-16 units of the text searched. */
export interface FoundToken {
  readonly token: AddedToken;
  readonly start: number;
  readonly end: number;
}

/** Makes added tokens ready for searching; each is found by `content`. */
export function indexAdded(tokens: readonly AddedToken[]): AddedTokens {
  const index = new Map<number, AddedToken[]>();
  for (const token of [...tokens].sort((a, b) => b.content.length - a.content.length)) {
    const list = index.get(token.content.charCodeAt(0));
    if (list) list.push(token);
    else index.set(token.content.charCodeAt(0), [token]);
  }
  return index;
}

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

function touchesWord(text: string, start: number, end: number): boolean {
  return WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) || WORD_AFTER.test(text.slice(end, end + 2));
}

/** Leftmost longest matches, in order and apart. White space is in the basic plane, so one unit at a time will do. */
export function findAdded(text: string, added: AddedTokens): FoundToken[] {
  const found: FoundToken[] = [];
  if (added.size === 0) return found;
  let done = 0;
  for (let i = 0; i < text.length; ) {
    const token = added.get(text.charCodeAt(i))?.find((t) => text.startsWith(t.content, i));
    if (!token) {
      i++;
      continue;
    }
    const after = i + token.content.length;
    if (!(token.singleWord && touchesWord(text, i, after))) {
      let start = Math.max(done, i);
      let end = Math.max(done, after);
      if (token.lstrip) while (start > done && isWhite(text[start - 1])) start--;
      if (token.rstrip) while (end < text.length && isWhite(text[end])) end++;
      if (end > start) found.push({ token, start, end });
      done = end;
    }
    i = after;
  }
  return found;
}
