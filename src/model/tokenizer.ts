import { WebspexError } from '../core/errors.ts';
import type { Encoding, Tokenizer } from './model.ts';
import { type Piece, type WordPieceRules, wordPieces } from './wordpiece.ts';

type Json = Record<string, unknown>;

/** More tokens than any vocabulary in use; a file that claims more is not read. */
const MOST_TOKENS = 2_000_000;

function refuse(what: string): never {
  throw new WebspexError('bad-file', `tokenizer.json: ${what}; download it again`);
}

function unsupported(what: string): never {
  throw new WebspexError(
    'unsupported-model',
    `tokenizer.json: ${what}; use a BERT tokenizer (BertNormalizer, BertPreTokenizer, WordPiece)`,
  );
}

function objectOf(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(`expected an object for ${name}, got ${JSON.stringify(value)?.slice(0, 40)}`);
  return value as Json;
}

function flag(value: unknown, name: string, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'boolean') refuse(`expected true or false for ${name}, got ${JSON.stringify(value)}`);
  return value;
}

function idOf(value: unknown, token: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= MOST_TOKENS)
    refuse(`expected an id from 0 to ${MOST_TOKENS - 1} for token ${JSON.stringify(token)}, got ${JSON.stringify(value)}`);
  return value;
}

function readVocabulary(model: Json): Map<string, number> {
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, value] of Object.entries(objectOf(model.vocab, 'model.vocab'))) {
    const id = idOf(value, token);
    if (ids.has(id)) refuse(`expected each id once, got ${id} twice`);
    ids.add(id);
    vocabulary.set(token, id);
  }
  if (vocabulary.size === 0 || vocabulary.size > MOST_TOKENS) refuse(`expected 1 to ${MOST_TOKENS} tokens, got ${vocabulary.size}`);
  return vocabulary;
}

function readRules(json: Json): WordPieceRules {
  const model = objectOf(json.model, 'model');
  // Old files leave the type out; what tells WordPiece from BPE is then the absence of merges.
  if ((model.type ?? (model.merges === undefined ? 'WordPiece' : 'BPE')) !== 'WordPiece')
    unsupported(`expected model type WordPiece, got ${String(model.type ?? 'BPE')}`);
  const normalizer = json.normalizer === null || json.normalizer === undefined ? {} : objectOf(json.normalizer, 'normalizer');
  if (json.normalizer && normalizer.type !== 'BertNormalizer')
    unsupported(`expected normalizer BertNormalizer, got ${String(normalizer.type)}`);
  const splitter = objectOf(json.pre_tokenizer, 'pre_tokenizer');
  if (splitter.type !== 'BertPreTokenizer') unsupported(`expected pre_tokenizer BertPreTokenizer, got ${String(splitter.type)}`);
  const vocabulary = readVocabulary(model);
  const unknown = String(model.unk_token ?? '[UNK]');
  if (!vocabulary.has(unknown)) refuse(`expected the unknown token ${unknown} in the vocabulary, got none`);
  const longest = model.max_input_chars_per_word ?? 100;
  if (typeof longest !== 'number' || !Number.isInteger(longest) || longest < 1 || longest > 10_000)
    refuse(`expected max_input_chars_per_word from 1 to 10000, got ${JSON.stringify(longest)}`);
  const present = Boolean(json.normalizer);
  const lowercase = flag(normalizer.lowercase, 'lowercase', present);
  return {
    vocabulary,
    unknown,
    prefix: String(model.continuing_subword_prefix ?? '##'),
    longestWord: longest,
    cleanText: flag(normalizer.clean_text, 'clean_text', present),
    chineseChars: flag(normalizer.handle_chinese_chars, 'handle_chinese_chars', present),
    stripAccents: flag(normalizer.strip_accents, 'strip_accents', lowercase),
    lowercase,
  };
}

/** Tokens that are matched in the text as given, before anything else is done to it; the longest first. */
function readAdded(json: Json): Map<string, number> {
  const added = new Map<string, number>();
  const list = json.added_tokens ?? [];
  if (!Array.isArray(list) || list.length > 100_000) refuse('expected a list of added_tokens');
  for (const entry of list) {
    const { content, id, normalized, lstrip, rstrip, single_word: single } = objectOf(entry, 'added_tokens entry');
    if (typeof content !== 'string' || content === '') refuse(`expected a content for each added token, got ${JSON.stringify(content)}`);
    if (lstrip || rstrip || single || normalized)
      unsupported(`expected plain added tokens, got ${content} with lstrip, rstrip, single_word or normalized`);
    added.set(content, idOf(id, content));
  }
  return new Map([...added].sort(([a], [b]) => b.length - a.length));
}

/** Stretches between added tokens, and the added tokens themselves, in order. */
function splitAdded(text: string, added: ReadonlyMap<string, number>, rules: WordPieceRules): Piece[] {
  const pieces: Piece[] = [];
  let plain = 0;
  for (let i = 0; i < text.length; ) {
    const token = [...added.keys()].find((t) => text.startsWith(t, i));
    if (token === undefined) {
      i++;
      continue;
    }
    pieces.push(...wordPieces(text.slice(plain, i), plain, rules), {
      id: added.get(token) as number,
      token,
      start: i,
      end: i + token.length,
    });
    i += token.length;
    plain = i;
  }
  pieces.push(...wordPieces(text.slice(plain), plain, rules));
  return pieces;
}

/**
 * A WordPiece tokenizer from the bytes of tokenizer.json. Ids and offsets come from one walk over the text, so they cannot disagree;
 * they equal those of Hugging Face's tokenizers. Truncation and padding settings in the file are ignored: text that is too long is refused later.
 * @throws bad-file, unsupported-model.
 */
export function loadTokenizer(bytes: Uint8Array): Tokenizer {
  let json: Json;
  try {
    json = objectOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), 'the file');
  } catch (error) {
    if (error instanceof WebspexError) throw error;
    refuse(`expected JSON, got something that does not parse (${(error as Error).message})`);
  }
  const rules = readRules(json);
  const added = readAdded(json);
  const idFor = (token: string) => added.get(token) ?? rules.vocabulary.get(token) ?? null;
  const largest = Math.max(...[rules.vocabulary, added].map((map) => [...map.values()].reduce((a, b) => Math.max(a, b), 0)));
  return {
    vocabularySize: largest + 1,
    special: { cls: idFor('[CLS]'), sep: idFor('[SEP]'), mask: idFor('[MASK]'), unk: idFor(rules.unknown), pad: idFor('[PAD]') },
    encode(text): Encoding {
      const pieces = splitAdded(text, added, rules);
      return {
        ids: Uint32Array.from(pieces, (p) => p.id),
        tokens: pieces.map((p) => p.token),
        starts: Uint32Array.from(pieces, (p) => p.start),
        ends: Uint32Array.from(pieces, (p) => p.end),
      };
    },
  };
}
