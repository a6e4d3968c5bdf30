import { shown } from '../json.ts';
import type { Tokenizer, Wrapping } from '../model.ts';
import type { ReadToken } from '../tokenizer/added.ts';
import { readDecoder } from '../tokenizer/decoder.ts';
import { mapText, slice } from '../tokenizer/mapped.ts';
import { bpeModel, mergeTable, type WordModel } from '../tokenizer/model.ts';
import { type Normalizer, readNormalizer } from '../tokenizer/normalizers.ts';
import { GPT2_WORDS, LLAMA3_WORDS, O200K_WORDS, QWEN2_WORDS, QWEN35_WORDS, TEKKEN_WORDS } from '../tokenizer/patterns.ts';
import { readPreTokenizer } from '../tokenizer/pre-tokenizers.ts';
import { longestOf } from '../tokenizer/word-piece-file.ts';
import { createTokenizer, type TokenizerParts } from '../tokenizer.ts';
import { normalise, type WordPieceRules, wordPieces } from '../wordpiece.ts';
import { refuse } from './cursor.ts';
import { flag, list, type Metadata, name, unsupported, wholeNumber } from './fields.ts';

/** What a byte-level vocabulary's `tokenizer.ggml.pre` stands for. */
interface ByteLevelKind {
  readonly names: readonly string[];
  readonly words: string;
  readonly digits?: boolean;
  readonly composed?: boolean;
  readonly ignoreMerges?: boolean;
  readonly bos?: boolean;
}

const KINDS: readonly ByteLevelKind[] = [
  { names: ['gpt-2', 'gpt2', 'roberta-bpe', 'phi-2', 'mpt', 'olmo'], words: GPT2_WORDS },
  { names: ['smollm', 'starcoder', 'refact', 'command-r'], words: GPT2_WORDS, digits: true },
  { names: ['llama-bpe', 'llama3', 'llama-v3'], words: LLAMA3_WORDS, ignoreMerges: true, bos: true },
  { names: ['dbrx', 'smaug-bpe'], words: LLAMA3_WORDS },
  // Their tokenizers compose characters first, which a GGUF file does not say.
  { names: ['qwen2', 'deepseek-r1-qwen'], words: QWEN2_WORDS, composed: true },
  { names: ['qwen35'], words: QWEN35_WORDS, composed: true },
  { names: ['tekken'], words: TEKKEN_WORDS, ignoreMerges: true, bos: true },
  { names: ['gpt-4o', 'llama4'], words: O200K_WORDS },
];

/** Kinds of token, as llama.cpp numbers them. */
const [NORMAL, UNKNOWN, CONTROL, USER] = [1, 2, 3, 4];
const MOST_TOKENS = 2_000_000;

/** The tokens of a file: each with its id, and those that are looked for in a text before it is split. */
interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[] | null;
  readonly ids: ReadonlyMap<string, number>;
  readonly added: readonly ReadToken[];
}

function readVocabulary(metadata: Metadata): Vocabulary {
  const tokens = list(metadata, 'tokenizer.ggml.tokens', 'string');
  if (tokens.length === 0 || tokens.length > MOST_TOKENS)
    refuse(`tokenizer.ggml.tokens: expected 1 to ${MOST_TOKENS} tokens, got ${tokens.length}`);
  const types = metadata.has('tokenizer.ggml.token_type') ? list(metadata, 'tokenizer.ggml.token_type', 'number', tokens.length) : null;
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    // Some files fill up their vocabulary with a name said again; the first is the one that is found.
    if (!ids.has(token)) ids.set(token, id);
  });
  const added = [...ids]
    .filter(([token, id]) => token !== '' && (types?.[id] === CONTROL || types?.[id] === USER))
    .map(([content, id]) => ({ content, id, lstrip: false, rstrip: false, singleWord: false, normalized: false }));
  return { tokens, types, ids, added };
}

function specialId(metadata: Metadata, key: string, { tokens }: Vocabulary): number | null {
  const id = wholeNumber(metadata, `tokenizer.ggml.${key}_token_id`);
  if (id !== null && id >= tokens.length) refuse(`tokenizer.ggml.${key}_token_id: expected an id below ${tokens.length}, got ${id}`);
  return id;
}

/** The tokens around a text: one before where the file asks for it, or by default, and one after where it asks for it. */
function wrappingOf(metadata: Metadata, vocabulary: Vocabulary, bosByDefault: boolean): Wrapping {
  const taken = (key: 'bos' | 'eos', otherwise: boolean) => {
    const id = specialId(metadata, key, vocabulary);
    return Uint32Array.from(id !== null && flag(metadata, `tokenizer.ggml.add_${key}_token`, otherwise) ? [id] : []);
  };
  return { before: taken('bos', bosByDefault), between: null, after: taken('eos', false) };
}

function pipeline(model: WordModel, normalizer: Normalizer, words: object | null): Pick<TokenizerParts, 'normalise' | 'pieces'> {
  const split = readPreTokenizer(words);
  return {
    normalise: (text, offset) => normalizer(mapText(text, offset)),
    pieces: (mapped, from, to) => split(slice(mapped, from, to)).flatMap(model.pieces),
  };
}

function byteLevelParts(metadata: Metadata, vocabulary: Vocabulary): TokenizerParts {
  const pre = name(metadata, 'tokenizer.ggml.pre');
  const kind = KINDS.find(({ names }) => names.includes(pre));
  if (!kind)
    unsupported(
      `tokenizer.ggml.pre: expected ${KINDS.flatMap((k) => k.names).join(', ')}, got ${shown(pre)}; use a file of such a tokenizer`,
    );
  const model = bpeModel({
    vocabulary: vocabulary.ids,
    findMerge: mergeTable(list(metadata, 'tokenizer.ggml.merges', 'string'), vocabulary.ids),
    unknown: null,
    fuseUnknown: false,
    byteFallback: false,
    ignoreMerges: kind.ignoreMerges ?? false,
    continuingPrefix: '',
    endSuffix: '',
  });
  const split = { type: 'Split', pattern: { Regex: kind.words }, behavior: 'Isolated' };
  const bytes = { type: 'ByteLevel', add_prefix_space: flag(metadata, 'tokenizer.ggml.add_space_prefix', false), use_regex: false };
  const digits = { type: 'Digits', individual_digits: true };
  return {
    vocabulary: vocabulary.ids,
    unknown: null,
    added: vocabulary.added,
    wrapping: wrappingOf(metadata, vocabulary, kind.bos ?? false),
    trim: null,
    decode: readDecoder({ type: 'ByteLevel' }),
    ...pipeline(model, readNormalizer(kind.composed ? { type: 'NFC' } : null), {
      type: 'Sequence',
      pretokenizers: [...(kind.digits ? [digits] : []), split, bytes],
    }),
  };
}

/** SentencePiece's byte pairs: the pair whose piece has the highest score goes first, the leftmost of equals; other characters become bytes. */
function sentencePieceParts(metadata: Metadata, vocabulary: Vocabulary): TokenizerParts {
  const { ids, tokens, types } = vocabulary;
  const scores = list(metadata, 'tokenizer.ggml.scores', 'number', tokens.length);
  const isNormal = (id: number) => (types === null ? !/^<.*>$/.test(tokens[id]) : types[id] === NORMAL);
  const unknown = specialId(metadata, 'unknown', vocabulary) ?? types?.indexOf(UNKNOWN) ?? -1;
  const model = bpeModel({
    vocabulary: ids,
    findMerge(left, right, characters) {
      if (left < 0 || right < 0 || !isNormal(left) || !isNormal(right)) return undefined;
      const id = ids.get(characters());
      return id !== undefined && isNormal(id) ? { rank: -scores[id], id } : undefined;
    },
    unknown: unknown < 0 ? null : unknown,
    fuseUnknown: true,
    byteFallback: true,
    ignoreMerges: false,
    continuingPrefix: '',
    endSuffix: '',
  });
  const prefixed = flag(metadata, 'tokenizer.ggml.add_space_prefix', true);
  const blanks = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const decoders = [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }];
  return {
    vocabulary: ids,
    unknown: model.unknown,
    added: vocabulary.added,
    wrapping: wrappingOf(metadata, vocabulary, true),
    trim: null,
    decode: readDecoder({
      type: 'Sequence',
      decoders: prefixed ? [...decoders, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : decoders,
    }),
    ...pipeline(
      model,
      readNormalizer({ type: 'Sequence', normalizers: prefixed ? [{ type: 'Prepend', prepend: '▁' }, blanks] : [blanks] }),
      null,
    ),
  };
}

/** WordPiece: GGUF marks the pieces that begin a word, where BERT marks those that do not; llama.cpp lower-cases every text. */
function wordPieceParts(metadata: Metadata, vocabulary: Vocabulary): TokenizerParts {
  const plain = (token: string) => (/^\[.*\]$/s.test(token) ? token : token.startsWith('▁') ? token.slice(1) : `##${token}`);
  const ids = new Map([...vocabulary.ids].map(([token, id]) => [plain(token), id]));
  const unknownId = specialId(metadata, 'unknown', vocabulary) ?? ids.get('[UNK]');
  if (unknownId === undefined) refuse('tokenizer.ggml.unknown_token_id: expected the id of a token, got none');
  const rules: WordPieceRules = {
    vocabulary: ids,
    longestToken: longestOf(ids),
    unknown: plain(vocabulary.tokens[unknownId]),
    prefix: '##',
    longestWord: 100,
    cleanText: true,
    chineseChars: true,
    stripAccents: true,
    lowercase: true,
  };
  const [cls, sep] = [
    specialId(metadata, 'cls', vocabulary) ?? specialId(metadata, 'bos', vocabulary),
    specialId(metadata, 'seperator', vocabulary),
  ];
  const around = (id: number | null | undefined) => Uint32Array.from([id].filter((i) => i !== null && i !== undefined));
  const [before, after] = [around(cls ?? ids.get('[CLS]')), around(sep ?? ids.get('[SEP]'))];
  return {
    vocabulary: ids,
    unknown: unknownId,
    added: vocabulary.added,
    wrapping: { before, between: after, after },
    trim: null,
    normalise: (text, offset) => normalise(text, offset, rules),
    pieces: (mapped, from, to) => wordPieces(mapped, from, to, rules),
    decode: readDecoder({ type: 'WordPiece', prefix: '##' }),
  };
}

/** The tokenizer inside a GGUF file. @throws bad-file, unsupported-model naming the key. */
export function ggufTokenizer(metadata: Metadata): Tokenizer {
  const model = name(metadata, 'tokenizer.ggml.model');
  const vocabulary = readVocabulary(metadata);
  if (model === 'gpt2') return createTokenizer(byteLevelParts(metadata, vocabulary));
  if (model === 'llama') return createTokenizer(sentencePieceParts(metadata, vocabulary));
  if (model === 'bert') return createTokenizer(wordPieceParts(metadata, vocabulary));
  return unsupported(`tokenizer.ggml.model: expected gpt2, llama or bert, got ${shown(model)}; use a file of such a tokenizer`);
}
