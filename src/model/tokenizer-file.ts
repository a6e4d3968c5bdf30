import { WebspexError } from '../core/errors.ts';
import type { AddedToken } from './added-tokens.ts';
import { shown } from './json.ts';
import type { WordPieceRules } from './wordpiece.ts';

type Json = Record<string, unknown>;

/** More tokens than any vocabulary in use; a file that claims more is not read. */
const MOST_TOKENS = 2_000_000;
const MOST_ADDED = 100_000;
/** Longest word, and longest content of an added token, that a file may ask for. */
const MOST_LETTERS = 1000;

function refuse(what: string): never {
  throw new WebspexError('bad-file', `tokenizer.json: ${what}; download it again`);
}

function unsupported(what: string): never {
  throw new WebspexError(
    'unsupported-model',
    `tokenizer.json: ${what}; use a BERT tokenizer (BertNormalizer, BertPreTokenizer, WordPiece, [CLS] … [SEP])`,
  );
}

function objectOf(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(`${name}: expected an object, got ${shown(value)}`);
  return value as Json;
}

function flag(value: unknown, name: string, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'boolean') refuse(`${name}: expected true or false, got ${shown(value)}`);
  return value;
}

function text(value: unknown, name: string, otherwise: string): string {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'string' || value.length > MOST_LETTERS) refuse(`${name}: expected a short string, got ${shown(value)}`);
  return value;
}

function idOf(value: unknown, token: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= MOST_TOKENS)
    refuse(`token ${shown(token)}: expected an id from 0 to ${MOST_TOKENS - 1}, got ${shown(value)}`);
  return value;
}

function readVocabulary(model: Json): Map<string, number> {
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, value] of Object.entries(objectOf(model.vocab, 'model.vocab'))) {
    const id = idOf(value, token);
    if (ids.has(id)) refuse(`token ${shown(token)}: expected an id of its own, got ${id}, which another token has`);
    ids.add(id);
    vocabulary.set(token, id);
  }
  if (vocabulary.size > MOST_TOKENS) refuse(`model.vocab: expected at most ${MOST_TOKENS} tokens, got ${vocabulary.size}`);
  return vocabulary;
}

/** Settings of tokenizer_config.json that transformers lets win over the normalizer of tokenizer.json. */
function overrides(config: Json): Json {
  // Generic tokenizer classes take tokenizer.json as it is.
  if (config.tokenizer_class === 'PreTrainedTokenizerFast' || config.tokenizer_class === 'TokenizersBackend') return {};
  const given: [string, unknown][] = [
    ['lowercase', config.do_lower_case],
    ['strip_accents', config.strip_accents],
    ['handle_chinese_chars', config.tokenize_chinese_chars],
  ];
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== null));
}

function readNormalizer(json: Json, config: Json): Pick<WordPieceRules, 'cleanText' | 'chineseChars' | 'stripAccents' | 'lowercase'> {
  if (json.normalizer === null || json.normalizer === undefined)
    return { cleanText: false, chineseChars: false, stripAccents: false, lowercase: false };
  const stated = objectOf(json.normalizer, 'normalizer');
  if (stated.type !== 'BertNormalizer') unsupported(`normalizer: expected BertNormalizer, got ${shown(stated.type)}`);
  const normalizer = { ...stated, ...overrides(config) };
  const lowercase = flag(normalizer.lowercase, 'lowercase', true);
  return {
    cleanText: flag(normalizer.clean_text, 'clean_text', true),
    chineseChars: flag(normalizer.handle_chinese_chars, 'handle_chinese_chars', true),
    stripAccents: flag(normalizer.strip_accents, 'strip_accents', lowercase),
    lowercase,
  };
}

/** The wrapping that maskers put around each sequence is [CLS] … [SEP]; a file that asks for another is for another kind of model. */
function checkWrapping(processor: unknown): void {
  if (processor === undefined || processor === null) return;
  const { type, single, cls, sep } = objectOf(processor, 'post_processor');
  const parts = type === 'BertProcessing' ? [cls, 'A', sep] : Array.isArray(single) && type === 'TemplateProcessing' ? single : [];
  const names = parts.map((part: unknown) => {
    if (typeof part === 'string') return part;
    if (Array.isArray(part)) return part[0] as unknown;
    const { SpecialToken, Sequence } = objectOf(part, 'post_processor') as Record<string, { id?: unknown } | null | undefined>;
    return (SpecialToken ?? Sequence)?.id;
  });
  if (names.join(' ') !== '[CLS] A [SEP]')
    unsupported(`post_processor: expected [CLS] A [SEP], got ${shown(names.length > 0 ? names.join(' ') : type)}`);
}

/** The rules of a WordPiece tokenizer; `config` is tokenizer_config.json. @throws bad-file, unsupported-model. */
export function readRules(json: Json, config: Json): WordPieceRules {
  const model = objectOf(json.model, 'model');
  // Old files leave the type out; what tells WordPiece from BPE is then the absence of merges.
  const type = model.type ?? (model.merges === undefined ? 'WordPiece' : 'BPE');
  if (type !== 'WordPiece') unsupported(`model type: expected WordPiece, got ${shown(type)}`);
  const normalizer = readNormalizer(json, config);
  const splitter = json.pre_tokenizer === null || json.pre_tokenizer === undefined ? {} : objectOf(json.pre_tokenizer, 'pre_tokenizer');
  if (splitter.type !== 'BertPreTokenizer') unsupported(`pre_tokenizer: expected BertPreTokenizer, got ${shown(splitter.type)}`);
  checkWrapping(json.post_processor);
  const vocabulary = readVocabulary(model);
  const unknown = text(model.unk_token, 'unk_token', '[UNK]');
  if (!vocabulary.has(unknown)) refuse(`model.vocab: expected the unknown token ${shown(unknown)}, got none`);
  const longestWord = model.max_input_chars_per_word ?? 100;
  if (typeof longestWord !== 'number' || !Number.isInteger(longestWord) || longestWord < 1 || longestWord > MOST_LETTERS)
    refuse(`max_input_chars_per_word: expected 1 to ${MOST_LETTERS}, got ${shown(longestWord)}`);
  return {
    vocabulary,
    longestToken: [...vocabulary.keys()].reduce((most, token) => Math.max(most, token.length), 0),
    unknown,
    prefix: text(model.continuing_subword_prefix, 'continuing_subword_prefix', '##'),
    longestWord,
    ...normalizer,
  };
}

/** An added token as the file lists it. */
export interface ReadToken extends AddedToken {
  /** Looked for in the normalised text, not in the text as given. */
  readonly normalized: boolean;
}

/** The added tokens, special ones included. @throws bad-file where one has another token's id. */
export function readAdded(json: Json, vocabulary: ReadonlyMap<string, number>): ReadToken[] {
  const list = json.added_tokens ?? [];
  if (!Array.isArray(list) || list.length > MOST_ADDED) refuse(`added_tokens: expected a list of at most ${MOST_ADDED}, got another thing`);
  const tokenOf = new Map([...vocabulary].map(([token, id]) => [id, token]));
  return list.map((entry: unknown) => {
    const given = objectOf(entry, 'added_tokens');
    const content = text(given.content, 'added_tokens content', '');
    if (content === '') refuse(`added_tokens: expected a content, got ${shown(given.content)}`);
    const id = idOf(given.id, content);
    if ((tokenOf.get(id) ?? content) !== content || (vocabulary.get(content) ?? id) !== id)
      refuse(`added token ${shown(content)}: expected an id of its own, got ${id}, against the vocabulary`);
    tokenOf.set(id, content);
    return {
      content,
      id,
      lstrip: flag(given.lstrip, 'lstrip', false),
      rstrip: flag(given.rstrip, 'rstrip', false),
      singleWord: flag(given.single_word, 'single_word', false),
      normalized: flag(given.normalized, 'normalized', given.special !== true),
    };
  });
}
