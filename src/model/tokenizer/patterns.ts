import { shown } from '../json.ts';
import { isNone, type Json, objectOf, text, unsupported } from './fields.ts';

const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const AFTER = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const LINES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';

/** GPT-2's words, which byte-level tokenizers split at unless told not to. */
export const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/** Llama 3's words: numbers in threes. */
export const LLAMA3_WORDS = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${AFTER}`;
/** Qwen 2's and 3's words: digits alone. */
export const QWEN2_WORDS = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${AFTER}`;

/** Qwen 3.5's words: marks go with letters. */
export const QWEN35_WORDS = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${LINES}`;
const CASED = `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+`;
const CAPITALS = `[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*`;
const SIGNS = ` ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${LINES}`;
/** The words of o200k and of those after it: a capital begins a word. */
export const O200K_WORDS = `${CASED}${CONTRACTION}?|${CAPITALS}${CONTRACTION}?|\\p{N}{1,3}|${SIGNS}`;
/** Mistral's tekken. */
export const TEKKEN_WORDS = `${CASED}|${CAPITALS}|\\p{N}|${SIGNS}`;

/**
 * The regular expressions that a tokenizer may ask for, as its file writes them. A file is data: an expression of its own could run for
 * ever, so others are refused.
 */
const KNOWN: readonly string[] = [
  GPT2_WORDS,
  LLAMA3_WORDS,
  QWEN2_WORDS,
  QWEN35_WORDS,
  O200K_WORDS,
  TEKKEN_WORDS,
  '\\p{N}{1,3}',
  '\\p{N}',
  '\\s+',
  ' {2,}',
  ' +',
];

/** Of the letters of contractions only s has another that folds to it: ſ. */
function inAnyCase(body: string): string {
  return body.replace(/[a-z]/g, (c) => `[${c}${c.toUpperCase()}${c === 's' ? 'ſ' : ''}]`);
}

/** Oniguruma's syntax in JavaScript's, for the expressions above: its white space is Unicode's, and a group ignores case. */
export function compileKnown(pattern: string): RegExp {
  const source = pattern
    .replace(/\(\?i:([^)]*)\)/g, (_, body: string) => `(?:${inAnyCase(body)})`)
    .replaceAll('\\s', '\\p{White_Space}')
    .replaceAll('\\S', '\\P{White_Space}');
  return new RegExp(source, 'gu');
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A pattern of a tokenizer file, `{String}` or a known `{Regex}`. @throws unsupported-model for expressions that are not listed. */
export function readPattern(given: unknown, name: string): RegExp {
  const pattern: Json = objectOf(given, name);
  if (!isNone(pattern.String)) {
    const literal = text(pattern.String, name, '');
    if (literal === '') unsupported(`${name}: expected some characters, got none`);
    return new RegExp(escaped(literal), 'gu');
  }
  const known = KNOWN.find((k) => k === pattern.Regex);
  if (known === undefined) unsupported(`${name}: expected a regular expression of a known tokenizer, got ${shown(pattern.Regex)}`);
  return compileKnown(known);
}
