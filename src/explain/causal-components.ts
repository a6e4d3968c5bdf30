import { WebspexError } from '../core/errors.ts';
import { CAUSAL_SET_SCALARS, type CausalSetScalar, causalSet } from '../lens/components/causal-set.ts';
import { causalComponentFunction, type ScoredTexts } from '../lens/components/causal-value.ts';
import type { ComponentPlayers } from '../lens/components/players.ts';
import { type Example, encodeTexts } from '../lens/examples.ts';
import { bareTokenizer, checkCausalScalar, continued, promptTokenizer, resolveCausalTarget, valuesOf } from '../lens/text/causal-value.ts';
import { type Chat, chatPrompt } from '../lens/text/chat.ts';
import type { CausalModel, TokenSequences } from '../model/model.ts';
import type { ComponentQuestion } from './components.ts';
import { checkSet, saidSet } from './labelled-texts.ts';
import type { Prepared } from './prepared.ts';

/** What is asked of the parts of a causal model. */
export interface CausalComponentAsked extends ComponentQuestion {
  readonly target?: string;
  readonly chat?: Chat;
  readonly signal?: AbortSignal;
}

interface Asked extends ScoredTexts, Pick<Prepared, 'target' | 'scalar' | 'text'> {
  /** What absent parts are averaged over where no reference is given. */
  readonly prompts: TokenSequences;
}

/**
 * Heads or blocks of a causal model as players, of one prompt (where no target is named, the whole model answers it first) or of labelled ones,
 * whose labels are what should follow. @throws usage, empty-input, too-long, and what passes throw.
 */
export async function prepareCausalComponents(
  model: CausalModel,
  text: string,
  question: CausalComponentAsked,
  players: ComponentPlayers,
): Promise<Pick<Prepared, 'target' | 'scalar' | 'valueFunction' | 'text'>> {
  const { ablation, rescale = false, reference, examples, signal } = question;
  const asked = examples ? await askedOfSet(model, text, examples, question) : await askedOfPrompt(model, text, question);
  const { prompts, target, scalar, text: prompt, ...scored } = asked;
  const over = () => (reference ? encodeTexts(promptTokenizer(model, false), reference, model.info.maxTokens, 'reference') : prompts);
  const means = ablation === 'mean' ? await model.components?.means(over(), { signal }) : undefined;
  return { text: prompt, target, scalar, valueFunction: causalComponentFunction(model, { ...scored, players, means, rescale }) };
}

async function askedOfPrompt(
  model: CausalModel,
  text: string,
  { chat = false, target: wanted, scalar, signal }: CausalComponentAsked,
): Promise<Asked> {
  const prompt = chat ? (await chatPrompt(model, text, chat)).prompt : text;
  const tokenizer = chat ? bareTokenizer(model.tokenizer) : promptTokenizer(model, false);
  const prompts = encodeTexts(tokenizer, [prompt], model.info.maxTokens - 1);
  const target = await resolveCausalTarget(model, prompt, prompts.ids, wanted, signal);
  checkCausalScalar(scalar, target);
  const { continuations } = target;
  return {
    text: prompt,
    target: target.written,
    scalar: target.scalar,
    prompts,
    sequences: continued(prompts, continuations),
    valueOf: (logProbs) => valuesOf(logProbs, continuations, 1)[0],
  };
}

async function askedOfSet(model: CausalModel, text: string, examples: readonly Example[], question: CausalComponentAsked): Promise<Asked> {
  const { chat = false } = question;
  checkSet(text, examples, question);
  const scalar = CAUSAL_SET_SCALARS.find((s) => s === (question.scalar ?? 'log-prob'));
  if (scalar === undefined)
    throw new WebspexError(
      'usage',
      `scalar: expected ${CAUSAL_SET_SCALARS.join(', ')} of labelled texts and a causal model, got ${question.scalar}; choose one of them`,
    );
  const whole: Example[] = [];
  for (const { label, text: message } of examples)
    whole.push({ label, text: chat ? (await chatPrompt(model, message, chat)).prompt : message });
  return { ...causalSet(model, whole, { scalar, whole: chat !== false }), ...saidSet(examples, scalar satisfies CausalSetScalar) };
}
