import { WebspexError } from '../core/errors.ts';
import { parseObject } from './json.ts';
import type { Encoding, Tokenizer, Wrapping } from './model.ts';
import { pieceMaker, type ReadToken, readAdded, type Stages } from './tokenizer/added.ts';
import { readDecoder } from './tokenizer/decoder.ts';
import { type Json, objectOf, refuse } from './tokenizer/fields.ts';
import { mapText, slice } from './tokenizer/mapped.ts';
import { readWordModel } from './tokenizer/model.ts';
import { readNormalizer } from './tokenizer/normalizers.ts';
import { readPostProcessor } from './tokenizer/post-processor.ts';
import { readPreTokenizer } from './tokenizer/pre-tokenizers.ts';
import { readWordPiece } from './tokenizer/word-piece-file.ts';
import { normalise, type Piece, wordPieces } from './wordpiece.ts';

/** Everything a tokenizer is made of, whatever file it came from. */
export interface TokenizerParts extends Stages {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknown: number | null;
  readonly added: readonly ReadToken[];
  readonly wrapping: Wrapping;
  readonly trim: ((pieces: Piece[]) => Piece[]) | null;
  readonly decode: (tokens: readonly string[]) => string;
}

/** What published tokenizers call their special tokens. */
const NAMES = {
  cls: ['[CLS]', '<s>'],
  sep: ['[SEP]', '</s>'],
  mask: ['[MASK]', '<mask>'],
  pad: ['[PAD]', '<pad>'],
} as const;

/** A tokenizer from its parts. */
export function createTokenizer(parts: TokenizerParts): Tokenizer {
  const idOfToken = new Map([...parts.vocabulary, ...parts.added.map(({ content, id }) => [content, id] as const)]);
  const tokenOfId = new Map([...idOfToken].map(([token, id]) => [id, token]));
  const idOf = (token: string) => idOfToken.get(token) ?? null;
  const named = (names: readonly string[]) => names.map(idOf).find((id) => id !== null) ?? null;
  for (const id of [...parts.wrapping.before, ...(parts.wrapping.between ?? []), ...parts.wrapping.after])
    if (!tokenOfId.has(id)) refuse(`post_processor: expected ids of tokens, got ${id}`);
  const piecesOf = pieceMaker(parts, parts.added);
  return {
    vocabularySize: [...idOfToken.values()].reduce((most, id) => Math.max(most, id), 0) + 1,
    wrapping: parts.wrapping,
    special: { cls: named(NAMES.cls), sep: named(NAMES.sep), mask: named(NAMES.mask), unk: parts.unknown, pad: named(NAMES.pad) },
    encode(given): Encoding {
      const found = piecesOf(given);
      const pieces = parts.trim ? parts.trim(found) : found;
      return {
        ids: Uint32Array.from(pieces, (p) => p.id),
        tokens: pieces.map((p) => p.token),
        starts: Uint32Array.from(pieces, (p) => p.start),
        ends: Uint32Array.from(pieces, (p) => p.end),
      };
    },
    decode(ids) {
      const tokens = Array.from(ids, (id) => {
        const token = tokenOfId.get(id);
        if (token === undefined)
          throw new WebspexError('usage', `tokenizer: expected the id of a token, got ${id}; give ids of this tokenizer`);
        return token;
      });
      return parts.decode(tokens);
    },
    idOf,
  };
}

function wordPieceParts(json: Json, config: Json): TokenizerParts {
  const { rules, wrapping } = readWordPiece(json, config);
  const added = readAdded(json, rules.vocabulary);
  return {
    vocabulary: rules.vocabulary,
    unknown: rules.vocabulary.get(rules.unknown) as number,
    added,
    wrapping: wrapping(new Map(added.map(({ content, id }) => [content, id]))),
    trim: null,
    normalise: (text, offset) => normalise(text, offset, rules),
    pieces: (mapped, from, to) => wordPieces(mapped, from, to, rules),
    decode: readDecoder({ type: 'WordPiece', prefix: rules.prefix }),
  };
}

function pipelineParts(json: Json, type: unknown): TokenizerParts {
  const model = readWordModel(objectOf(json.model, 'model'), type);
  const normalizer = readNormalizer(json.normalizer);
  const split = readPreTokenizer(json.pre_tokenizer);
  return {
    vocabulary: model.vocabulary,
    unknown: model.unknown,
    added: readAdded(json, model.vocabulary),
    ...readPostProcessor(json.post_processor),
    normalise: (text, offset) => normalizer(mapText(text, offset)),
    pieces: (mapped, from, to) => split(slice(mapped, from, to)).flatMap(model.pieces),
    decode: readDecoder(json.decoder),
  };
}

/**
 * A tokenizer from the bytes of tokenizer.json, and of tokenizer_config.json where there is one. Ids and offsets come from one walk over
 * the text, so they cannot disagree; they equal those of Hugging Face's tokenizers. Truncation and padding settings in the file are
 * ignored: text that is too long is refused later. Offsets never descend; tokens made from one character share its range.
 * @throws bad-file, unsupported-model.
 */
export function loadTokenizer(tokenizerJson: Uint8Array, tokenizerConfig?: Uint8Array): Tokenizer {
  const json = parseObject(tokenizerJson, 'tokenizer.json');
  const model = objectOf(json.model, 'model');
  // Old files leave the type out; what tells WordPiece from BPE is then the absence of merges.
  const type = model.type ?? (model.merges === undefined ? 'WordPiece' : 'BPE');
  const config = tokenizerConfig ? parseObject(tokenizerConfig, 'tokenizer_config.json') : {};
  return createTokenizer(type === 'WordPiece' ? wordPieceParts(json, config) : pipelineParts(json, type));
}
