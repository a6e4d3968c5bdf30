import { createRandom, shuffle } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { chatLocked, chatPrompt, chatUnits } from '../../src/lens/text/chat.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import type { CausalModel } from '../../src/model/model.ts';
import { sequence } from './lists.ts';

/** Sixteen words, and a question that is never masked. */
const QUESTION = `Maria, who moved from Madrid to a small flat near the river in Paris last spring.
Which country does she live in? Answer in one word.`;
const WORDS = 16;
/** What is scored: one token. */
const ANSWER = 'France';

/** Masked prompts, and the token after them that is scored. */
export interface Prompts {
  readonly prompts: readonly Uint32Array[];
  readonly answer: number;
  /** Tokens of the whole prompt, and those that all maskings begin with. */
  readonly whole: number;
  readonly shared: number;
}

/** Masks of a question of 16 words in the model's own chat template, the masked words removed, in random order. */
export async function maskedPrompts(model: CausalModel, count: number): Promise<Prompts> {
  const made = await chatPrompt(model, QUESTION, true);
  const stem = QUESTION.indexOf('\n');
  const tokenizer = { ...model.tokenizer, wrapping: { before: new Uint32Array(0), between: null, after: new Uint32Array(0) } };
  const locked = chatLocked(made, [[stem, QUESTION.length]]);
  const split = splitPlayers(tokenizer, made.prompt, chatUnits(made, 'word'), locked);
  if (split.players.length !== WORDS) throw new Error(`prompts: expected ${WORDS} words, got ${split.players.length}`);
  const paired = maskSequences(pairedMasks(WORDS, count, 7), split, { kind: 'remove' }, tokenizer, model.info.maxTokens);
  // A mask and its complement come side by side; in random order no batch knows what is in it.
  const order = shuffle(
    Array.from({ length: count }, (_, i) => i),
    createRandom(7, 2),
  );
  const answer = tokenizer.encode(ANSWER).ids;
  if (answer.length !== 1) throw new Error(`prompts: expected ${ANSWER} to be one token, got ${answer.length}`);
  const prompts = order.map((s) => sequence(paired, s));
  return {
    prompts,
    answer: answer[0],
    whole: split.encoding.ids.length,
    shared: sharedBy(prompts),
  };
}

/** Tokens that all sequences begin with. */
function sharedBy([first, ...others]: readonly Uint32Array[]): number {
  let count = 0;
  while (count < first.length && others.every((ids) => ids[count] === first[count])) count++;
  return count;
}
