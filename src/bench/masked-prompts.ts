import { splitPrompt } from '../explain/prepare.ts';
import { bareTokenizer, promptTokenizer } from '../lens/text/causal-value.ts';
import type { TextPlayers } from '../lens/text/players.ts';
import type { CausalModel, Tokenizer } from '../model/model.ts';
import { textOf } from './harness.ts';

/** Words that are masked, and after them a question that never is; what is scored is the first token of the answer. */
export interface Asked {
  readonly words: number;
  readonly text: string;
  readonly question: string;
  readonly answer: string;
}

/** Short: what many maskings begin with is computed once. */
export const SHORT: Asked = {
  words: 16,
  text: 'Maria, who moved from Madrid to a small flat near the river in Paris last spring.',
  question: 'Which country does she live in? Answer in one word.',
  answer: 'France',
};

/** Long: hardly two maskings begin alike for more than some words. */
export const LONG: Asked = { words: 128, text: textOf(128), question: 'Good or bad?', answer: 'Bad' };

/** A prompt as a model takes it, and the token that is scored after it. */
export interface Prompt {
  readonly split: TextPlayers;
  readonly tokenizer: Tokenizer;
  readonly answer: Uint32Array;
}

/** The text and its question in the model's own chat template, where it has one. */
export async function promptFor(model: CausalModel, { text, question, answer }: Asked): Promise<Prompt> {
  const whole = `${text}\n${question}`;
  const chat = (await model.chat?.()) != null;
  const { split } = await splitPrompt(model, whole, { lock: [[text.length, whole.length]], chat });
  const tokenizer = chat ? bareTokenizer(model.tokenizer) : promptTokenizer(model, false);
  return { split, tokenizer, answer: tokenizer.encode(answer).ids };
}
