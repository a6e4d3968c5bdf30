import { shown } from '../json.ts';
import type { Wrapping } from '../model.ts';
import type { Piece } from '../wordpiece.ts';
import { BYTE_BLANK } from './byte-level.ts';
import { flag, idOf, isNone, type Json, listOf, objectOf, partsOf, refuse, text, unsupported } from './fields.ts';

/** What is done with the tokens of a text: their ranges trimmed, special tokens put around them. */
export interface PostProcessor {
  readonly wrapping: Wrapping;
  readonly trim: ((pieces: Piece[]) => Piece[]) | null;
}

const NAMES = 'TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel';
const WHITE = /\p{White_Space}/u;
const BARE: Wrapping = { before: new Uint32Array(0), between: new Uint32Array(0), after: new Uint32Array(0) };

/**
 * Ranges without the blanks at their ends; a blank that was put before the text is not in its range. One that was put before a word
 * later on, as after a special token, leaves the word's range to the word: ranges never descend.
 */
function trimmer(prefixed: boolean): (pieces: Piece[]) => Piece[] {
  const isBlank = (c: string) => c === BYTE_BLANK || WHITE.test(c);
  const trimmed = (pieces: readonly Piece[]) =>
    pieces.map((piece, i) => {
      const chars = [...piece.token];
      const firstInk = chars.findIndex((c) => !isBlank(c));
      const blanks = firstInk < 0 ? chars.length : firstInk;
      // More than one were in the text.
      const leading = blanks === 1 && prefixed && (i === 0 || piece.start === 0) ? 0 : blanks;
      const trailing = firstInk < 0 ? chars.length : [...chars].reverse().findIndex((c) => !isBlank(c));
      const start = Math.min(piece.start + leading, piece.end);
      return { ...piece, start, end: piece.end >= trailing ? Math.max(piece.end - trailing, start) : piece.end };
    });
  return (pieces) => {
    const out = trimmed(pieces);
    for (let i = out.length - 2; i >= 0; i--) if (out[i].start > out[i + 1].start) out[i] = { ...out[i], start: out[i + 1].start };
    return out;
  };
}

/** A special token as `["</s>", 2]`. */
function pairOf(value: unknown, name: string): number {
  const [token, id] = listOf(value, name, 2);
  return idOf(id, text(token, name, ''));
}

/** A template as ids, with the letters A and B where the texts go. */
function templateOf(value: unknown, tokens: Json, name: string): (number | 'A' | 'B')[] {
  return listOf(value, name, 64).flatMap((part): (number | 'A' | 'B')[] => {
    const { SpecialToken, Sequence } = objectOf(part, name);
    if (!isNone(Sequence)) {
      const { id } = objectOf(Sequence, name);
      if (id !== 'A' && id !== 'B') refuse(`${name}: expected sequence A or B, got ${shown(id)}`);
      return [id];
    }
    const { id } = objectOf(SpecialToken, name);
    const token = text(id, name, '');
    const known = Object.hasOwn(tokens, token) ? objectOf(tokens[token], 'special_tokens') : refuse(`${name}: ${shown(token)} has no ids`);
    return listOf(known.ids, 'special_tokens ids', 64).map((one) => idOf(one, token));
  });
}

function fromTemplate(step: Json): Wrapping {
  const tokens = isNone(step.special_tokens) ? {} : objectOf(step.special_tokens, 'special_tokens');
  const single = templateOf(step.single, tokens, 'post_processor.single');
  const at = single.indexOf('A');
  if (at < 0 || single.lastIndexOf('A') !== at || single.includes('B'))
    unsupported(`post_processor.single: expected special tokens around one text, got ${shown(step.single)}`);
  const ids = (part: (number | 'A' | 'B')[]) => Uint32Array.from(part as number[]);
  const pair = isNone(step.pair) ? [] : templateOf(step.pair, tokens, 'post_processor.pair');
  const [a, b] = [pair.indexOf('A'), pair.indexOf('B')];
  const before = single.slice(0, at);
  const after = single.slice(at + 1);
  const isSame = a >= 0 && b > a && `${pair.slice(0, a)}|${pair.slice(b + 1)}` === `${before}|${after}`;
  return { before: ids(before), between: isSame ? ids(pair.slice(a + 1, b)) : null, after: ids(after) };
}

function clsSep(step: Json, separators: number): Wrapping {
  const [cls, sep] = [pairOf(step.cls, 'post_processor.cls'), pairOf(step.sep, 'post_processor.sep')];
  return { before: Uint32Array.of(cls), between: Uint32Array.from({ length: separators }, () => sep), after: Uint32Array.of(sep) };
}

/** The post-processor of a file; none leaves the tokens as they are. @throws bad-file, unsupported-model. */
export function readPostProcessor(given: unknown): PostProcessor {
  let wrapping: Wrapping = BARE;
  let trim: PostProcessor['trim'] = null;
  for (const step of partsOf(given, 'post_processor', 'processors')) {
    if (step.type === 'TemplateProcessing') wrapping = fromTemplate(step);
    else if (step.type === 'RobertaProcessing') wrapping = clsSep(step, 2);
    else if (step.type === 'BertProcessing') wrapping = clsSep(step, 1);
    else if (step.type !== 'ByteLevel') unsupported(`post_processor: expected ${NAMES}, got ${shown(step.type)}`);
    if ((step.type === 'ByteLevel' || step.type === 'RobertaProcessing') && flag(step.trim_offsets, 'trim_offsets', true))
      trim = trimmer(flag(step.add_prefix_space, 'add_prefix_space', true));
  }
  return { wrapping, trim };
}
