import type { Backend } from '../compute/backend.ts';
import { WebspexError } from '../core/errors.ts';
import { type DataScalar, type Retraining, trainingDataLens } from '../lens/data/training-data.ts';
import type { Example } from '../lens/examples.ts';
import type { AnyModel } from '../model/model.ts';
import { prepareInContext } from './in-context.ts';
import type { Prepared } from './prepared.ts';

/** What is asked of training data, as given. */
export interface TrainingQuestion {
  /**
   * Labelled texts, the players of lens `data`: what a logistic head is trained on, on an encoder's features, or the examples in the prompt of a
   * causal model.
   */
  readonly train?: readonly Example[];
  /** Strength of the head's penalty, l2 / 2 · ‖weights‖²; default 1. */
  readonly l2?: number;
  /** Whether heads are trained anew for each mask, the default, or found by influence functions. */
  readonly retrain?: Retraining;
  /** How a causal model's prompt writes an example: a text with {text} and {label} in it. */
  readonly template?: string;
  /** Labelled texts in place of the one text, which is then empty: the mean of their margins towards their labels, or of their losses. */
  readonly examples?: readonly Example[];
}

/** More masks in a call are trained side by side; Stop and progress wait for its end. */
const TRAINING_BATCH_MS = 1000;

/**
 * Training examples as players: a head is trained anew for each mask, or they stand in a causal model's prompt.
 * @throws usage where the model was loaded with a head of its own, or an option is of another lens; what `trainingDataLens` throws.
 */
export async function prepareTraining(
  model: AnyModel,
  trainer: Backend | null,
  text: string,
  question: TrainingQuestion & { readonly target?: string; readonly scalar?: string; readonly signal?: AbortSignal },
): Promise<Prepared> {
  const { train, l2, retrain, target, examples, signal } = question;
  if (train === undefined) throw new WebspexError('usage', 'train: expected labelled examples with lens data, got none; give some');
  if ('score' in model) return prepareInContext(model, text, { ...question, train });
  if (!('classify' in model) || trainer === null)
    throw new WebspexError('usage', "lens data: expected a model without its head, got one with; open it for 'feature-extraction'");
  if (question.template !== undefined)
    throw new WebspexError('usage', 'template: expected a causal model, got an encoder, which sees no prompt; leave it out');
  if (examples && text.trim() !== '')
    throw new WebspexError('usage', 'examples: expected either a text or labelled texts, got both; leave one out');
  const lens = await trainingDataLens(model, trainer, train, examples ?? text, {
    target,
    scalar: question.scalar as DataScalar,
    l2,
    retrain,
    signal,
  });
  return {
    players: lens.players,
    lens: 'data',
    target: examples ? `${examples.length} labelled ${examples.length === 1 ? 'text' : 'texts'}` : lens.target,
    scalar: examples ? `mean ${lens.scalar}` : lens.scalar,
    mask: retrain === 'influence' ? 'left out of training, by influence functions' : 'left out of training',
    units: 'training example',
    valueFunction: lens.valueFunction,
    batchMs: TRAINING_BATCH_MS,
    // A head of no examples is nothing like one of half of them: see docs/data.md.
    spareEnds: true,
    release: lens.destroy,
  };
}
