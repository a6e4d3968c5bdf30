import { WebspexError } from '../core/errors.ts';
import { causalComponentFunction } from '../lens/components/causal-value.ts';
import type { ComponentPlayers } from '../lens/components/players.ts';
import { encodeTexts } from '../lens/examples.ts';
import { bareTokenizer, checkCausalScalar, promptTokenizer, resolveCausalTarget } from '../lens/text/causal-value.ts';
import { type Chat, chatPrompt } from '../lens/text/chat.ts';
import type { CausalModel } from '../model/model.ts';
import type { ComponentQuestion } from './components.ts';
import type { Prepared } from './prepared.ts';

/** What is asked of the parts of a causal model. */
export interface CausalComponentAsked extends ComponentQuestion {
  readonly target?: string;
  readonly chat?: Chat;
  readonly signal?: AbortSignal;
}

/**
 * Heads or blocks of a causal model as players, of one prompt; where no target is named, the whole model answers it first.
 * @throws usage, empty-input, too-long, and what passes throw.
 */
export async function prepareCausalComponents(
  model: CausalModel,
  text: string,
  question: CausalComponentAsked,
  players: ComponentPlayers,
): Promise<Pick<Prepared, 'target' | 'scalar' | 'valueFunction' | 'text'>> {
  const { ablation, rescale = false, reference, chat = false, examples, scalar, signal } = question;
  const { info, components } = model;
  if (examples)
    throw new WebspexError('usage', `examples: expected a text classifier for labelled texts, got ${info.architecture}; give one prompt`);
  const prompt = chat ? (await chatPrompt(model, text, chat)).prompt : text;
  const tokenizer = chat ? bareTokenizer(model.tokenizer) : promptTokenizer(model, false);
  const asked = encodeTexts(tokenizer, [prompt], info.maxTokens - 1);
  const target = await resolveCausalTarget(model, prompt, asked.ids, question.target, signal);
  checkCausalScalar(scalar, target);
  const over = () => (reference ? encodeTexts(promptTokenizer(model, false), reference, info.maxTokens, 'reference') : asked);
  const means = ablation === 'mean' ? await components?.means(over(), { signal }) : undefined;
  return {
    text: prompt,
    target: target.written,
    scalar: target.scalar,
    valueFunction: causalComponentFunction(model, { players, prompt: asked, target, means, rescale }),
  };
}
