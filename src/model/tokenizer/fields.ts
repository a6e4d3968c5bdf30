import { WebspexError } from '../../core/errors.ts';
import { shown } from '../json.ts';

export type Json = Readonly<Record<string, unknown>>;

/** More tokens than any vocabulary in use; a file that claims more is not read. */
export const MOST_TOKENS = 2_000_000;
/** Longest string that a setting, or an added token, may hold. */
const MOST_LETTERS = 1000;

/** @throws bad-file. */
export function refuse(what: string): never {
  throw new WebspexError('bad-file', `tokenizer.json: ${what}; download it again`);
}

/** @throws unsupported-model. */
export function unsupported(what: string): never {
  throw new WebspexError(
    'unsupported-model',
    `tokenizer.json: ${what}; supported: WordPiece, byte-level BPE, SentencePiece BPE and Unigram tokenizers as published models have them`,
  );
}

export function isNone(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function objectOf(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(`${name}: expected an object, got ${shown(value)}`);
  return value as Json;
}

export function listOf(value: unknown, name: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) refuse(`${name}: expected a list of at most ${most}, got ${shown(value)}`);
  return value;
}

export function flag(value: unknown, name: string, otherwise: boolean): boolean {
  if (isNone(value)) return otherwise;
  if (typeof value !== 'boolean') refuse(`${name}: expected true or false, got ${shown(value)}`);
  return value;
}

export function text(value: unknown, name: string, otherwise: string): string {
  if (isNone(value)) return otherwise;
  if (typeof value !== 'string' || value.length > MOST_LETTERS) refuse(`${name}: expected a short string, got ${shown(value)}`);
  return value;
}

export function idOf(value: unknown, token: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= MOST_TOKENS)
    refuse(`token ${shown(token)}: expected an id from 0 to ${MOST_TOKENS - 1}, got ${shown(value)}`);
  return value;
}

/** The parts of a `Sequence` of normalizers, pre-tokenizers or the like, nested ones included; one that is none stands alone. */
export function partsOf(value: unknown, name: string, list: string, depth = 0): Json[] {
  if (isNone(value)) return [];
  const given = objectOf(value, name);
  if (given.type !== 'Sequence') return [given];
  if (depth > 3) refuse(`${name}: expected sequences at most 4 deep, got more`);
  return listOf(given[list], `${name}.${list}`, 32).flatMap((part) => partsOf(part, name, list, depth + 1));
}
