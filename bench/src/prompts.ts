import { promptFor, SHORT } from '../../src/bench/masked-prompts.ts';
import { createRandom, shuffle } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import type { CausalModel } from '../../src/model/model.ts';
import { sequence } from './lists.ts';

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
  const { split, tokenizer, answer } = await promptFor(model, SHORT);
  const { words } = SHORT;
  if (split.players.length !== words) throw new Error(`prompts: expected ${words} words, got ${split.players.length}`);
  const paired = maskSequences(pairedMasks(words, count, 7), split, { kind: 'remove' }, tokenizer, model.info.maxTokens);
  // A mask and its complement come side by side; in random order no batch knows what is in it.
  const order = shuffle(
    Array.from({ length: count }, (_, i) => i),
    createRandom(7, 2),
  );
  if (answer.length !== 1) throw new Error(`prompts: expected ${SHORT.answer} to be one token, got ${answer.length}`);
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
