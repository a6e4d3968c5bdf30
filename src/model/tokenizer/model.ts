import { shown } from '../json.ts';
import type { Piece } from '../wordpiece.ts';
import { type BpeRules, bytePairs, type Merge } from './bpe.ts';
import { flag, idOf, isNone, type Json, listOf, MOST_TOKENS, objectOf, refuse, text, unsupported } from './fields.ts';
import type { Mapped } from './mapped.ts';
import { type UnigramRules, unigrams } from './unigram.ts';

/** A vocabulary, and what it makes of one word. */
export interface WordModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknown: number | null;
  pieces(word: Mapped): Piece[];
}

/** Code points in the longest token of a Unigram vocabulary that is read; SentencePiece makes none beyond 16 unless told to. */
const LONGEST_UNIGRAM = 256;
/** How much less likely than any token an unknown character is. */
const UNKNOWN_PENALTY = 10;

/** Tokens and ids of `vocab`, each id once. @throws bad-file. */
export function readVocabulary(vocab: unknown): Map<string, number> {
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, value] of Object.entries(objectOf(vocab, 'model.vocab'))) {
    const id = idOf(value, token);
    if (ids.has(id)) refuse(`token ${shown(token)}: expected an id of its own, got ${id}, which another token has`);
    ids.add(id);
    vocabulary.set(token, id);
  }
  if (vocabulary.size > MOST_TOKENS) refuse(`model.vocab: expected at most ${MOST_TOKENS} tokens, got ${vocabulary.size}`);
  return vocabulary;
}

/** A merge as `"a b"` or `["a", "b"]`. */
function halvesOf(merge: unknown): [string, string] {
  const halves: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  if (!Array.isArray(halves) || halves.length !== 2 || typeof halves[0] !== 'string' || typeof halves[1] !== 'string')
    refuse(`model.merges: expected two tokens each, got ${shown(merge)}`);
  return halves as [string, string];
}

/** What pairs of ids merge into, the earlier in the list first. @throws bad-file where a token is not in the vocabulary. */
export function mergeTable(
  merges: readonly unknown[],
  vocabulary: ReadonlyMap<string, number>,
  continuingPrefix = '',
): (left: number, right: number) => Merge | undefined {
  const known = (token: string) => vocabulary.get(token) ?? refuse(`model.merges: expected tokens of the vocabulary, got ${shown(token)}`);
  const table = new Map<number, Merge>();
  merges.forEach((merge, rank) => {
    const [a, b] = halvesOf(merge);
    const tail = b.startsWith(continuingPrefix) ? b.slice(continuingPrefix.length) : b;
    table.set(known(a) * MOST_TOKENS + known(b), { rank, id: known(a + tail) });
  });
  return (left, right) => (left < 0 || right < 0 ? undefined : table.get(left * MOST_TOKENS + right));
}

/** A byte-pair model from its rules. */
export function bpeModel(rules: Omit<BpeRules, 'tokenOf'>): WordModel {
  const all: BpeRules = { ...rules, tokenOf: new Map([...rules.vocabulary].map(([token, id]) => [id, token])) };
  return { vocabulary: rules.vocabulary, unknown: rules.unknown, pieces: (word) => bytePairs(word, all) };
}

function readBpe(model: Json): WordModel {
  if (!isNone(model.dropout) && model.dropout !== 0) unsupported(`model.dropout: expected none, got ${shown(model.dropout)}`);
  const vocabulary = readVocabulary(model.vocab);
  const continuingPrefix = text(model.continuing_subword_prefix, 'continuing_subword_prefix', '');
  const unknownToken = isNone(model.unk_token) ? null : text(model.unk_token, 'unk_token', '');
  const unknown = unknownToken === null ? null : vocabulary.get(unknownToken);
  if (unknown === undefined) refuse(`model.vocab: expected the unknown token ${shown(unknownToken)}, got none`);
  return bpeModel({
    vocabulary,
    findMerge: mergeTable(listOf(model.merges, 'model.merges', MOST_TOKENS), vocabulary, continuingPrefix),
    unknown,
    fuseUnknown: flag(model.fuse_unk, 'fuse_unk', false),
    byteFallback: flag(model.byte_fallback, 'byte_fallback', false),
    ignoreMerges: flag(model.ignore_merges, 'ignore_merges', false),
    continuingPrefix,
    endSuffix: text(model.end_of_word_suffix, 'end_of_word_suffix', ''),
  });
}

/** A Unigram model from tokens with their scores, in the order of their ids. @throws bad-file. */
export function unigramModel(
  entries: readonly (readonly [string, number])[],
  { unknown, byteFallback }: Pick<UnigramRules, 'unknown' | 'byteFallback'>,
): WordModel {
  const vocabulary = new Map<string, number>();
  let longestToken = 0;
  let least = Number.POSITIVE_INFINITY;
  entries.forEach(([token, score], id) => {
    vocabulary.set(token, id);
    longestToken = Math.max(longestToken, [...token].length);
    least = Math.min(least, score);
  });
  // Every place of a text is tried with tokens of every length.
  if (longestToken > LONGEST_UNIGRAM) refuse(`model.vocab: expected tokens of at most ${LONGEST_UNIGRAM} characters, got ${longestToken}`);
  if (vocabulary.size !== entries.length) refuse('model.vocab: expected each token once, got one twice');
  const scores = Float64Array.from(entries, ([, score]) => score);
  const rules: UnigramRules = { vocabulary, scores, longestToken, unknown, unknownScore: least - UNKNOWN_PENALTY, byteFallback };
  return { vocabulary, unknown, pieces: (word) => unigrams(word, rules) };
}

function readUnigram(model: Json): WordModel {
  const entries = listOf(model.vocab, 'model.vocab', MOST_TOKENS).map((entry): [string, number] => {
    const [token, score]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof token !== 'string' || typeof score !== 'number' || !Number.isFinite(score))
      refuse(`model.vocab: expected tokens with a score each, got ${shown(entry)}`);
    return [token, score];
  });
  const unknown = isNone(model.unk_id) ? null : idOf(model.unk_id, 'unk_id');
  if (unknown !== null && unknown >= entries.length) refuse(`unk_id: expected an id below ${entries.length}, got ${unknown}`);
  return unigramModel(entries, { unknown, byteFallback: flag(model.byte_fallback, 'byte_fallback', false) });
}

/** The BPE or Unigram model of a file. @throws bad-file, unsupported-model. */
export function readWordModel(model: Json, type: unknown): WordModel {
  if (type === 'BPE') return readBpe(model);
  if (type === 'Unigram') return readUnigram(model);
  return unsupported(`model type: expected WordPiece, BPE or Unigram, got ${shown(type)}`);
}
