import { decomposed, isChinese, isMark, isPunctuation, isRemoved, isWhite, orderMarks } from './bert-characters.ts';
import type { Mapped } from './tokenizer/mapped.ts';

/** A piece of text as the model sees it: its token id, and the UTF-16 range of the text as given that it stands for. */
export interface Piece {
  readonly id: number;
  readonly token: string;
  readonly start: number;
  readonly end: number;
}

/** The parts of a BERT tokenizer that change its answers. */
export interface WordPieceRules {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Characters in the longest token, prefix included: no longer match need be tried. */
  readonly longestToken: number;
  readonly unknown: string;
  readonly prefix: string;
  /** Longer words, in code points, are unknown as a whole. */
  readonly longestWord: number;
  readonly cleanText: boolean;
  readonly chineseChars: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** Normalised code points with the UTF-16 range of the given text that each came from. */
export interface Normalised {
  readonly chars: string[];
  readonly starts: number[];
  readonly ends: number[];
}

function cleaned(text: string, offset: number, rules: WordPieceRules): Normalised {
  const out: Normalised = { chars: [], starts: [], ends: [] };
  const push = (c: string, start: number, end: number) => {
    out.chars.push(c);
    out.starts.push(start);
    out.ends.push(end);
  };
  let at = offset;
  for (const given of text) {
    const start = at;
    at += given.length;
    if (rules.cleanText && isRemoved(given)) continue;
    const c = rules.cleanText && isWhite(given) ? ' ' : given;
    const spaced = rules.chineseChars && isChinese(c);
    if (spaced) push(' ', start, at);
    push(c, start, at);
    if (spaced) push(' ', start, at);
  }
  return out;
}

/**
 * Canonical decomposition, then no marks. The first character of each decomposition takes the next range and the others the range
 * before them, after the marks have been put in order: so does Rust, whose ranges stay ascending that way.
 */
function withoutAccents({ chars, starts, ends }: Normalised): Normalised {
  const parts: string[] = [];
  const first: boolean[] = [];
  for (const c of chars) {
    const from = parts.length;
    for (const part of decomposed(c)) first[parts.push(part) - 1] = false;
    first[from] = true;
  }
  orderMarks(parts, (start, from) => {
    const moved = from.map((i) => first[start + i]);
    for (let i = 0; i < moved.length; i++) first[start + i] = moved[i];
  });
  const out: Normalised = { chars: [], starts: [], ends: [] };
  let source = -1;
  for (let i = 0; i < parts.length; i++) {
    if (first[i]) source++;
    if (isMark(parts[i])) continue;
    out.chars.push(parts[i]);
    out.starts.push(starts[Math.max(source, 0)]);
    out.ends.push(ends[Math.max(source, 0)]);
  }
  return out;
}

/** By character, without a look at its neighbours: a final sigma stays σ. */
function lowered({ chars, starts, ends }: Normalised): Normalised {
  const out: Normalised = { chars: [], starts: [], ends: [] };
  for (let i = 0; i < chars.length; i++)
    for (const low of chars[i].toLowerCase()) {
      out.chars.push(low);
      out.starts.push(starts[i]);
      out.ends.push(ends[i]);
    }
  return out;
}

/** BertNormalizer of Hugging Face tokenizers, in its order: clean, Chinese characters, accents, lower case. Ranges are shifted by `offset`. */
export function normalise(text: string, offset: number, rules: WordPieceRules): Normalised {
  const clean = cleaned(text, offset, rules);
  const plain = rules.stripAccents ? withoutAccents(clean) : clean;
  return rules.lowercase ? lowered(plain) : plain;
}

/** Greedy longest match first over one word (Wu et al. 2016, §4.1); null where some part of it is not in the vocabulary. */
function matchWord(mapped: Mapped, from: number, to: number, rules: WordPieceRules): Piece[] | null {
  if (to - from > rules.longestWord) return null;
  const pieces: Piece[] = [];
  for (let start = from; start < to; ) {
    let end = Math.min(to, start + rules.longestToken);
    let token = '';
    let id: number | undefined;
    for (; end > start; end--) {
      token = (start > from ? rules.prefix : '') + mapped.chars.slice(start, end).join('');
      id = rules.vocabulary.get(token);
      if (id !== undefined) break;
    }
    if (id === undefined) return null;
    pieces.push({ id, token, start: mapped.starts[start], end: mapped.ends[end - 1] });
    start = end;
  }
  return pieces;
}

/** Tokens of the normalised characters from … to − 1, no added tokens among them. Words split at white space, punctuation stands alone. */
export function wordPieces(mapped: Mapped, from: number, to: number, rules: WordPieceRules): Piece[] {
  const { chars } = mapped;
  const pieces: Piece[] = [];
  const flush = (start: number, end: number) => {
    if (end <= start) return;
    const unknown = () => [
      { id: rules.vocabulary.get(rules.unknown) as number, token: rules.unknown, start: mapped.starts[start], end: mapped.ends[end - 1] },
    ];
    pieces.push(...(matchWord(mapped, start, end, rules) ?? unknown()));
  };
  let word = from;
  for (let i = from; i < to; i++) {
    const white = isWhite(chars[i]);
    if (!white && !isPunctuation(chars[i])) continue;
    flush(word, i);
    if (!white) flush(i, i + 1);
    word = i + 1;
  }
  flush(word, to);
  return pieces;
}
