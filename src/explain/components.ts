import { WebspexError } from '../core/errors.ts';
import { COMPONENT_LENSES, type ComponentLens, type ComponentPlayers, componentPlayers } from '../lens/components/players.ts';
import { componentValueFunction, type SetScalar } from '../lens/components/value-function.ts';
import { type Example, encodeTexts, labelsOfExamples } from '../lens/examples.ts';
import { parseScalar, resolveTarget } from '../lens/text/value-function.ts';
import type { AnyModel, Components, Model, TokenSequences } from '../model/model.ts';
import { type CausalComponentAsked, prepareCausalComponents } from './causal-components.ts';
import { checkSet, saidSet } from './labelled-texts.ts';
import type { Prepared } from './prepared.ts';

export const ABLATIONS = ['zero', 'mean'] as const;
/** What an absent part puts out: nothing, or its mean output over reference texts. */
export type Ablation = (typeof ABLATIONS)[number];

/** What is asked of a model's parts, as given. */
export interface ComponentQuestion {
  /** Who the players are: pieces of the text, or parts of the model. */
  readonly lens?: 'text' | ComponentLens;
  /** Layers whose parts are players, from 0; default all. */
  readonly layers?: readonly number[];
  readonly ablation?: Ablation;
  /** With ablation zero: multiply the heads that are left in a layer by |H| / |S ∩ H|. */
  readonly rescale?: boolean;
  /** Texts over which outputs are averaged; default those that are explained. */
  readonly reference?: readonly string[];
  /** Labelled texts in place of the one text, which is then empty: their accuracy, or the mean scalar of their labels, is explained. */
  readonly examples?: readonly Example[];
  /** Which number is explained; default log-odds, of labelled texts log-prob. */
  readonly scalar?: SetScalar;
}

/** More masks in a call share more of what comes before the first gate; Stop and progress wait for its end. */
const GATED_BATCH_MS = 1000;

interface Texts {
  readonly texts: TokenSequences;
  readonly targets: ArrayLike<number>;
  readonly target: string;
  readonly scalar: SetScalar;
  /** As the document says it. */
  readonly said: string;
}

/**
 * Heads or blocks of the model as players. One text is passed once to find the predicted label.
 * @throws usage, empty-input, too-long, unsupported-model for a model without gates, and what passes throw.
 */
export async function prepareComponents(model: AnyModel, text: string, question: CausalComponentAsked): Promise<Prepared> {
  const { ablation = 'zero', rescale = false, reference } = question;
  const lens = COMPONENT_LENSES.find((l) => l === question.lens);
  if (!lens) throw usage('lens', ['text', ...COMPONENT_LENSES].join(', '), question.lens);
  if (!ABLATIONS.includes(ablation)) throw usage('ablation', ABLATIONS.join(' or '), ablation);
  if (rescale && ablation === 'mean') throw usage('rescale', 'ablation zero', 'mean', 'leave one out');
  if (reference && ablation === 'zero') throw usage('reference', 'ablation mean', 'zero', 'leave the reference out, or take the mean');
  const components = 'fill' in model ? undefined : model.components;
  if ('fill' in model || !components)
    throw new WebspexError(
      'unsupported-model',
      `lens ${lens}: expected a model that takes gates on its parts, got ${model.info.architecture}; use a text classifier or a causal language model`,
    );
  if (reference?.length === 0) throw new WebspexError('empty-input', 'reference: expected at least one text, got none; give some');
  const players = componentPlayers(components, lens, question.layers);
  const asked =
    'score' in model
      ? await prepareCausalComponents(model, text, question, players)
      : await prepareParts(model, components, text, question, players);
  return {
    ...asked,
    players: players.players,
    lens,
    mask: `${ablation}${rescale ? ', rescaled' : ''}${reference ? ` over ${reference.length} reference ${reference.length === 1 ? 'text' : 'texts'}` : ''}`,
    units: question.layers ? `${lens} of layers ${[...question.layers].sort((a, b) => a - b).join(', ')}` : lens,
    batchMs: GATED_BATCH_MS,
  };
}

async function prepareParts(
  model: Model,
  components: Components,
  text: string,
  question: CausalComponentAsked,
  players: ComponentPlayers,
): Promise<Pick<Prepared, 'target' | 'scalar' | 'valueFunction'>> {
  const { ablation, rescale = false, reference, signal } = question;
  const asked = question.examples ? askedOfSet(model, text, question.examples, question) : await askedOfText(model, text, question);
  const { texts, targets, target, scalar, said } = asked;
  const over = () => (reference ? encodeTexts(model.tokenizer, reference, model.info.maxTokens, 'reference') : texts);
  const means = ablation === 'mean' ? await components.means(over(), { signal }) : undefined;
  return { target, scalar: said, valueFunction: componentValueFunction(model, { players, texts, targets, scalar, means, rescale }) };
}

function usage(name: string, expected: string, got: unknown, then = 'choose one of them'): WebspexError {
  return new WebspexError('usage', `${name}: expected ${expected}, got ${String(got)}; ${then}`);
}

async function askedOfText(
  model: Model,
  text: string,
  { target: wanted, scalar: given, signal }: { readonly target?: string; readonly scalar?: SetScalar; readonly signal?: AbortSignal },
): Promise<Texts> {
  if (given === 'accuracy') throw usage('scalar', 'labelled texts for accuracy', 'one text', 'give a set, or another scalar');
  const scalar = parseScalar(given);
  const texts = encodeTexts(model.tokenizer, [text], model.info.maxTokens);
  // A named label needs no pass.
  const logits = wanted === undefined ? await model.classify(texts, { signal }) : new Float32Array(model.info.labels.length);
  const target = resolveTarget(model.info.labels, wanted, logits);
  return { texts, targets: [target], target: model.info.labels[target], scalar, said: scalar };
}

function askedOfSet(
  model: Model,
  text: string,
  examples: readonly Example[],
  { target, scalar: given }: { readonly target?: string; readonly scalar?: SetScalar },
): Texts {
  checkSet(text, examples, { target });
  const { tokenizer, info } = model;
  const targets = labelsOfExamples(info.labels, examples);
  const texts = encodeTexts(
    tokenizer,
    examples.map((e) => e.text),
    info.maxTokens,
    'example',
  );
  const scalar = given === 'accuracy' ? given : parseScalar(given ?? 'log-prob');
  const said = saidSet(examples, scalar);
  return { texts, targets, target: said.target, scalar, said: said.scalar };
}
