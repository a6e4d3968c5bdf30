import { type AddedToken, type AddedTokens, findAdded, indexAdded } from '../added-tokens.ts';
import { shown } from '../json.ts';
import type { Piece } from '../wordpiece.ts';
import { flag, idOf, isNone, type Json, listOf, objectOf, refuse, text } from './fields.ts';
import type { Mapped } from './mapped.ts';

/** An added token as the file lists it. */
export interface ReadToken extends AddedToken {
  /** Looked for in the normalised text, not in the text as given. */
  readonly normalized: boolean;
}

const MOST_ADDED = 100_000;

/** The added tokens, special ones included. @throws bad-file where one has another token's id. */
export function readAdded(json: Json, vocabulary: ReadonlyMap<string, number>): ReadToken[] {
  const list = isNone(json.added_tokens) ? [] : listOf(json.added_tokens, 'added_tokens', MOST_ADDED);
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

/** What is done with text in which no added token of the raw text stands. */
export interface Stages {
  normalise(text: string, offset: number): Mapped;
  /** Tokens of the normalised characters from … to − 1, no added tokens among them. */
  pieces(mapped: Mapped, from: number, to: number): Piece[];
}

/** Text between the added tokens of the raw text: normalised, searched for the other added tokens, and cut into pieces. */
function plainPieces(given: string, offset: number, stages: Stages, added: AddedTokens): Piece[] {
  const mapped = stages.normalise(given, offset);
  if (added.size === 0) return stages.pieces(mapped, 0, mapped.chars.length);
  const charAt: number[] = [];
  mapped.chars.forEach((c, i) => {
    for (let unit = 0; unit < c.length; unit++) charAt.push(i);
  });
  const pieces: Piece[] = [];
  let from = 0;
  for (const { token, start, end } of findAdded(mapped.chars.join(''), added)) {
    const [first, last] = [charAt[start], charAt[end - 1]];
    pieces.push(...stages.pieces(mapped, from, first));
    const text = mapped.chars.slice(first, last + 1).join('');
    pieces.push({ id: token.id, token: text, start: mapped.starts[first], end: mapped.ends[last] });
    from = last + 1;
  }
  return [...pieces, ...stages.pieces(mapped, from, mapped.chars.length)];
}

/** One walk over the text: added tokens of the raw text, and the pieces between them. */
export function pieceMaker(stages: Stages, tokens: readonly ReadToken[]): (text: string) => Piece[] {
  const raw = indexAdded(tokens.filter((t) => !t.normalized));
  const afterwards = indexAdded(
    tokens
      .filter((t) => t.normalized)
      .map((t) => ({ ...t, content: stages.normalise(t.content, 0).chars.join('') }))
      .filter((t) => t.content !== ''),
  );
  return (given) => {
    const pieces: Piece[] = [];
    let from = 0;
    for (const { token, start, end } of findAdded(given, raw)) {
      for (const piece of plainPieces(given.slice(from, start), from, stages, afterwards)) pieces.push(piece);
      pieces.push({ id: token.id, token: given.slice(start, end), start, end });
      from = end;
    }
    for (const piece of plainPieces(given.slice(from), from, stages, afterwards)) pieces.push(piece);
    return pieces;
  };
}
