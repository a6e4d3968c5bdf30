import { WebspexError } from '../core/errors.ts';
import { masksFromRows } from '../core/masks.ts';
import { fewShotPrompt } from '../lens/data/in-context.ts';
import { shownExample } from '../lens/data/training-data.ts';
import type { Example } from '../lens/examples.ts';
import { type CausalTarget, causalValueFunction, promptTokenizer, resolveCausalTarget } from '../lens/text/causal-value.ts';
import { parseMaskRule } from '../lens/text/masking.ts';
import { splitPlayers } from '../lens/text/players.ts';
import type { CausalModel } from '../model/model.ts';
import type { Prepared } from './prepared.ts';
import type { TrainingQuestion } from './training.ts';

/** More masks in a call share more beginnings; Stop and progress wait for its end. */
const TREE_BATCH_MS = 2000;

type Asked = TrainingQuestion & { readonly target?: string; readonly scalar?: string; readonly signal?: AbortSignal };

/**
 * Few-shot examples in a causal model's prompt as players; absent ones are left out whole. Explained is the log-probability of a label or the
 * log-odds of two: those that were named, else of two labels the one that the whole prompt gives more against the other, of more the most
 * probable. @throws usage, empty-input, too-long, and what passes throw.
 */
export async function prepareInContext(
  model: CausalModel,
  text: string,
  question: Asked & { readonly train: readonly Example[] },
): Promise<Prepared> {
  const { train, template, signal } = question;
  refuseTraining(question);
  if (text.trim() === '') throw new WebspexError('empty-input', 'text: expected a text to label, got none; give one');
  if (train.length === 0) throw new WebspexError('empty-input', 'train: expected at least 1 example, got none; give some');
  const { prompt, spans } = fewShotPrompt(train, text, template);
  const split = splitPlayers(model.tokenizer, prompt, spans);
  if (split.players.length !== train.length)
    throw new WebspexError(
      'usage',
      `template: expected a token of its own for each of ${train.length} examples, got ${split.players.length}; end it with a new line`,
    );
  const rule = parseMaskRule('remove');
  const tokenizer = promptTokenizer(model, false);
  const asked = (target: CausalTarget) => causalValueFunction(model, split, { tokenizer, target, rule });
  const named = (written: string) => resolveCausalTarget(model, prompt, [], written, signal);
  const logProbOf = async (label: string) => (await asked(await named(label))(masksFromRows([train.map(() => 1)]), { signal }))[0];
  const target = await named(question.target ?? (await chosenLabel(train, logProbOf)));
  if (question.scalar !== undefined && question.scalar !== target.scalar)
    throw new WebspexError(
      'usage',
      `scalar: expected ${target.scalar} for ${target.written} in a prompt, got ${question.scalar}; log-prob goes with a target, log-odds with A vs B`,
    );
  return {
    players: train.map((example, id) => ({ id, label: shownExample(id, example), start: 0, end: 0 })),
    lens: 'data',
    target: target.written,
    scalar: target.scalar,
    mask: 'left out of the prompt',
    units: 'example in the prompt',
    valueFunction: asked(target),
    batchMs: TREE_BATCH_MS,
  };
}

/** @throws usage naming an option of heads that are trained. */
function refuseTraining(question: Asked): void {
  for (const option of ['l2', 'retrain', 'examples'] as const)
    if (question[option] !== undefined)
      throw new WebspexError('usage', `${option}: expected none with a causal model, which is not trained here, got some; leave it out`);
}

/** The most probable label of the examples, of two `A vs B`. */
async function chosenLabel(train: readonly Example[], logProbOf: (label: string) => Promise<number>): Promise<string> {
  const labels = [...new Set(train.map((e) => e.label))];
  const scored: { label: string; logProb: number }[] = [];
  for (const label of labels) scored.push({ label, logProb: await logProbOf(label) });
  scored.sort((a, b) => b.logProb - a.logProb);
  return scored.length === 2 ? `${scored[0].label} vs ${scored[1].label}` : scored[0].label;
}
