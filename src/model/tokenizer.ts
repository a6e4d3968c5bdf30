import { type AddedTokens, findAdded, indexAdded } from './added-tokens.ts';
import { parseObject } from './json.ts';
import type { Encoding, Tokenizer } from './model.ts';
import { type ReadToken, readAdded, readRules } from './tokenizer-file.ts';
import { normalise, type Piece, type WordPieceRules, wordPieces } from './wordpiece.ts';

/** Text between the added tokens of the raw text: normalised, searched for the other added tokens, and cut into pieces. */
function plainPieces(given: string, offset: number, rules: WordPieceRules, added: AddedTokens): Piece[] {
  const mapped = normalise(given, offset, rules);
  if (added.size === 0) return wordPieces(mapped, 0, mapped.chars.length, rules);
  const charAt: number[] = [];
  mapped.chars.forEach((c, i) => {
    for (let unit = 0; unit < c.length; unit++) charAt.push(i);
  });
  const pieces: Piece[] = [];
  let from = 0;
  for (const { token, start, end } of findAdded(mapped.chars.join(''), added)) {
    const [first, last] = [charAt[start], charAt[end - 1]];
    pieces.push(...wordPieces(mapped, from, first, rules));
    pieces.push({ id: token.id, token: token.content, start: mapped.starts[first], end: mapped.ends[last] });
    from = last + 1;
  }
  pieces.push(...wordPieces(mapped, from, mapped.chars.length, rules));
  return pieces;
}

/** One walk over the text: added tokens of the raw text, and the pieces between them. */
function pieceMaker(rules: WordPieceRules, tokens: readonly ReadToken[]): (text: string) => Piece[] {
  const raw = indexAdded(tokens.filter((t) => !t.normalized));
  const afterwards = indexAdded(
    tokens
      .filter((t) => t.normalized)
      .map((t) => ({ ...t, content: normalise(t.content, 0, rules).chars.join('') }))
      .filter((t) => t.content !== ''),
  );
  return (given) => {
    const pieces: Piece[] = [];
    let from = 0;
    for (const { token, start, end } of findAdded(given, raw)) {
      pieces.push(...plainPieces(given.slice(from, start), from, rules, afterwards));
      pieces.push({ id: token.id, token: token.content, start, end });
      from = end;
    }
    pieces.push(...plainPieces(given.slice(from), from, rules, afterwards));
    return pieces;
  };
}

/**
 * A WordPiece tokenizer from the bytes of tokenizer.json, and of tokenizer_config.json where there is one. Ids and offsets come from one
 * walk over the text, so they cannot disagree; they equal those of Hugging Face's tokenizers for every code point. Truncation and
 * padding settings in the file are ignored: text that is too long is refused later. Offsets never descend; tokens made from one
 * character share its range. @throws bad-file, unsupported-model.
 */
export function loadTokenizer(tokenizerJson: Uint8Array, tokenizerConfig?: Uint8Array): Tokenizer {
  const json = parseObject(tokenizerJson, 'tokenizer.json');
  const rules = readRules(json, tokenizerConfig ? parseObject(tokenizerConfig, 'tokenizer_config.json') : {});
  const added = readAdded(json, rules.vocabulary);
  const idOfToken = new Map([...rules.vocabulary, ...added.map(({ content, id }) => [content, id] as const)]);
  const idFor = (token: string) => idOfToken.get(token) ?? null;
  const piecesOf = pieceMaker(rules, added);
  return {
    vocabularySize: [...idOfToken.values()].reduce((most, id) => Math.max(most, id), 0) + 1,
    special: { cls: idFor('[CLS]'), sep: idFor('[SEP]'), mask: idFor('[MASK]'), unk: idFor(rules.unknown), pad: idFor('[PAD]') },
    encode(given): Encoding {
      const pieces = piecesOf(given);
      return {
        ids: Uint32Array.from(pieces, (p) => p.id),
        tokens: pieces.map((p) => p.token),
        starts: Uint32Array.from(pieces, (p) => p.start),
        ends: Uint32Array.from(pieces, (p) => p.end),
      };
    },
  };
}
