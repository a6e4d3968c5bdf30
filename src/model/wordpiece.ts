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
  readonly unknown: string;
  readonly prefix: string;
  /** Longer words, in code points, are unknown as a whole. */
  readonly longestWord: number;
  readonly cleanText: boolean;
  readonly chineseChars: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** Normalised code points with the range of the given text that each came from. */
interface Mapped {
  readonly chars: string[];
  readonly starts: number[];
  readonly ends: number[];
}

const REMOVED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;
const WHITE = /[\p{White_Space}]/u;
const MARK = /\p{Mn}/u;
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/u;

/** The blocks that BERT treats as Chinese characters (google-research/bert, tokenization.py). */
const CHINESE: readonly (readonly [number, number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b820, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];

function isChinese(c: string): boolean {
  const code = c.codePointAt(0) as number;
  return code >= 0x3400 && CHINESE.some(([low, high]) => code >= low && code <= high);
}

/**
 * BertNormalizer of Hugging Face tokenizers, code point by code point in its order (clean, Chinese, accents, lower case), so that every
 * normalised character keeps the range it came from. Lower case is by character: a final sigma stays σ.
 */
function normalise(text: string, offset: number, rules: WordPieceRules): Mapped {
  const out: Mapped = { chars: [], starts: [], ends: [] };
  let at = offset;
  const push = (c: string, start: number, end: number) => {
    out.chars.push(c);
    out.starts.push(start);
    out.ends.push(end);
  };
  for (const given of text) {
    const start = at;
    at += given.length;
    let c = given;
    if (rules.cleanText) {
      if (c === '\t' || c === '\n' || c === '\r') c = ' ';
      else if (c === '\ufffd' || REMOVED.test(c)) continue;
      else if (WHITE.test(c)) c = ' ';
    }
    const spaced = rules.chineseChars && isChinese(c);
    if (spaced) push(' ', start, at);
    for (const part of rules.stripAccents ? c.normalize('NFD') : c) {
      if (rules.stripAccents && MARK.test(part)) continue;
      for (const low of rules.lowercase ? part.toLowerCase() : part) if (!(rules.stripAccents && MARK.test(low))) push(low, start, at);
    }
    if (spaced) push(' ', start, at);
  }
  return out;
}

/** Greedy longest match first over one word (Wu et al. 2016, §4.1); null where some part of it is not in the vocabulary. */
function matchWord(mapped: Mapped, from: number, to: number, rules: WordPieceRules): Piece[] | null {
  if (to - from > rules.longestWord) return null;
  const pieces: Piece[] = [];
  for (let start = from; start < to; ) {
    let end = to;
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

/** Tokens of a stretch of text without special tokens; ranges are shifted by `offset`. Words split at white space, punctuation stands alone. */
export function wordPieces(text: string, offset: number, rules: WordPieceRules): Piece[] {
  const mapped = normalise(text, offset, rules);
  const { chars } = mapped;
  const pieces: Piece[] = [];
  const flush = (from: number, to: number) => {
    if (to <= from) return;
    const unknown = () => [
      { id: rules.vocabulary.get(rules.unknown) as number, token: rules.unknown, start: mapped.starts[from], end: mapped.ends[to - 1] },
    ];
    pieces.push(...(matchWord(mapped, from, to, rules) ?? unknown()));
  };
  let word = 0;
  for (let i = 0; i < chars.length; i++) {
    const white = WHITE.test(chars[i]);
    if (!white && !PUNCTUATION.test(chars[i])) continue;
    flush(word, i);
    if (!white) flush(i, i + 1);
    word = i + 1;
  }
  flush(word, chars.length);
  return pieces;
}
