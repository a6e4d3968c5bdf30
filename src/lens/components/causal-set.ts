import { WebspexError } from '../../core/errors.ts';
import type { CausalModel, ScoredSequences, TokenSequences } from '../../model/model.ts';
import { type Example, encodeTexts } from '../examples.ts';
import { bareTokenizer, continued, promptTokenizer } from '../text/causal-value.ts';
import { type Continuation, continuationOf } from '../text/continuation.ts';
import type { ScoredTexts } from './causal-value.ts';

/** What is explained of labelled prompts: the mean log-probability of their labels, their mean log-odds, or how often the label is the likeliest. */
export const CAUSAL_SET_SCALARS = ['log-prob', 'log-odds', 'accuracy'] as const;
export type CausalSetScalar = (typeof CAUSAL_SET_SCALARS)[number];

export interface CausalSetOptions {
  readonly scalar: CausalSetScalar;
  /** A template has made the prompts whole. */
  readonly whole: boolean;
}

/**
 * Prompts with the continuation that is right for each. Where their labels are compared, each prompt is followed by every label of the set; of
 * log-prob by its own alone. @throws usage, empty-input, too-long naming the example.
 */
export function causalSet(
  model: CausalModel,
  examples: readonly Example[],
  { scalar, whole }: CausalSetOptions,
): ScoredTexts & { readonly prompts: TokenSequences } {
  const labels = [...new Set(examples.map(({ label }) => label))];
  if (scalar !== 'log-prob' && (scalar === 'log-odds' ? labels.length !== 2 : labels.length < 2))
    throw new WebspexError(
      'usage',
      `scalar ${scalar}: expected ${scalar === 'log-odds' ? 'two' : 'several'} labels in the set, got ${labels.length === 1 ? `${labels[0]} alone` : labels.length}; give others, or take log-prob`,
    );
  const answers = examples.map(({ text, label }) =>
    (scalar === 'log-prob' ? [label] : labels).map((one) => continuationOf(model.tokenizer, text, one)),
  );
  const longest = Math.max(...answers.flat().map(({ ids }) => ids.length));
  const tokenizer = whole ? bareTokenizer(model.tokenizer) : promptTokenizer(model, false);
  const texts = examples.map(({ text }) => text);
  const prompts = encodeTexts(tokenizer, texts, model.info.maxTokens - longest, 'example');
  const own = examples.map(({ label }) => (scalar === 'log-prob' ? 0 : labels.indexOf(label)));
  return {
    prompts,
    sequences: joined(answers.map((continuations, i) => continued(sequenceOf(prompts, i), continuations))),
    valueOf: (logProbs) => meanOf(logProbs, answers, own, scalar),
  };
}

function sequenceOf({ ids, offsets }: TokenSequences, i: number): TokenSequences {
  const own = ids.subarray(offsets[i], offsets[i + 1]);
  return { ids: own, offsets: Uint32Array.of(0, own.length) };
}

function joined(parts: readonly ScoredSequences[]): ScoredSequences {
  const ids: number[] = [];
  const offsets = [0];
  const from: number[] = [];
  for (const part of parts) {
    const start = ids.length;
    for (const id of part.ids) ids.push(id);
    for (const end of part.offsets.subarray(1)) offsets.push(start + end);
    for (const first of part.from) from.push(first);
  }
  return { ids: Uint32Array.from(ids), offsets: Uint32Array.from(offsets), from: Uint32Array.from(from) };
}

/** Of log-probabilities, one for each token of every continuation in turn; of two equally likely labels the first of the set counts as said. */
function meanOf(
  logProbs: Float64Array,
  answers: readonly (readonly Continuation[])[],
  own: readonly number[],
  scalar: CausalSetScalar,
): number {
  let at = 0;
  let sum = 0;
  for (const [i, continuations] of answers.entries()) {
    const said = continuations.map(({ ids }) => {
      let whole = 0;
      for (const end = at + ids.length; at < end; at++) whole += logProbs[at];
      return whole;
    });
    if (scalar === 'accuracy') sum += said.indexOf(Math.max(...said)) === own[i] ? 1 : 0;
    else sum += scalar === 'log-prob' ? said[0] : said[own[i]] - said[1 - own[i]];
  }
  return sum / answers.length;
}
