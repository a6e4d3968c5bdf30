import { createRandom, shuffle } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import type { Model, TokenSequences } from '../../src/model/model.ts';
import { classifying } from './classify.ts';
import type { Setup } from './contest.ts';
import { sequence, together } from './lists.ts';

/** 64 words as reviews have them. */
const TEXT = `The first hour drifts along without purpose, and I was ready to write it off as another overlong festival darling, but then
  the quiet daughter speaks, the score drops away, and everything that seemed careless turns out to be deliberate. It is not a
  cheerful picture and the ending will infuriate some people, yet I have rarely left a theatre feeling so unexpectedly moved.`;
const WORDS = 64;
/** Rows of a dense batch and tokens of each. */
const DENSE = { sequences: 8, tokens: 32 };
/** Ids below are characters and tokens that no text has. */
const FIRST_WORD = 1999;

/** Masks of a text of 64 words, the masked words removed; masks come in random order, and `warm` of them warm up. */
export function removal(masks: number, warm: number): Setup {
  return classifying((model) => removalSequences(model, masks), warm);
}

/** One batch with nothing to leave out: different sequences of one length, their words drawn at random. */
export const dense: Setup = classifying((model) => denseSequences(model), DENSE.sequences);

function denseSequences(model: Model): TokenSequences {
  const random = createRandom(5);
  const { tokenizer } = model;
  const { before, after } = tokenizer.wrapping;
  const words = DENSE.tokens - before.length - after.length;
  const draw = () => FIRST_WORD + random.below(tokenizer.vocabularySize - FIRST_WORD);
  return together(
    Array.from({ length: DENSE.sequences }, () => Uint32Array.from([...before, ...Array.from({ length: words }, draw), ...after])),
  );
}

function removalSequences(model: Model, count: number): TokenSequences {
  const text = TEXT.replace(/\s+/g, ' ');
  const split = splitPlayers(model.tokenizer, text, 'word');
  if (split.players.length !== WORDS) throw new Error(`removal: expected a text of ${WORDS} words, got ${split.players.length}`);
  const masks = pairedMasks(WORDS, count, 7);
  const paired = maskSequences(masks, split, { kind: 'remove' }, model.tokenizer, model.info.maxTokens);
  // A mask and its complement come side by side; in random order no batch knows what is in it.
  const order = shuffle(
    Array.from({ length: count }, (_, i) => i),
    createRandom(7, 2),
  );
  return together(order.map((s) => sequence(paired, s)));
}
