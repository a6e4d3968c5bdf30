import { WebspexError } from '../../core/errors.ts';
import type { Masks, ValueFunction } from '../../core/masks.ts';
import { greedyTokens } from '../../model/causal/greedy.ts';
import type { CausalModel, ScoredSequences, Tokenizer, TokenSequences } from '../../model/model.ts';
import { type Continuation, continuationOf, splitAlternatives, writtenContinuation } from './continuation.ts';
import { type MaskRule, maskedBeginnings, maskSequences } from './masking.ts';
import type { TextPlayers } from './players.ts';

/** What is asked of a causal model: the log-probability of one continuation, or the log-odds of the first against the second. */
export interface CausalTarget {
  /** As the document has it, and as it can be given again. */
  readonly written: string;
  readonly scalar: 'log-prob' | 'log-odds';
  readonly continuations: readonly Continuation[];
}

/** Tokens of an answer that nobody asked for by name. */
const MOST_ANSWER = 16;

/** The tokenizer of a prompt that a template has made whole: nothing before it or after. */
export function bareTokenizer(tokenizer: Tokenizer): Tokenizer {
  const none = new Uint32Array(0);
  return { ...tokenizer, wrapping: { before: none, between: null, after: none } };
}

/** The tokenizer as prompts need it: nothing after the text; before it what the model expects, or the token that a text begins with. */
export function promptTokenizer({ tokenizer, begin }: Pick<CausalModel, 'tokenizer' | 'begin'>, mayBeEmpty: boolean): Tokenizer {
  const { before } = tokenizer.wrapping;
  if (before.length === 0 && mayBeEmpty && begin === null)
    throw new WebspexError(
      'usage',
      'mask remove: expected text that is never masked, got a model without a token to begin with and a text that may vanish; lock part of it, or use mask neutral',
    );
  const first = before.length === 0 && mayBeEmpty && begin !== null ? Uint32Array.of(begin) : before;
  return { ...tokenizer, wrapping: { before: first, between: null, after: new Uint32Array(0) } };
}

/** @throws usage where another number is asked for than the target's. */
export function checkCausalScalar(asked: string | undefined, { scalar, continuations }: CausalTarget): void {
  if (asked === undefined || asked === scalar) return;
  const what = continuations.length === 1 ? 'one continuation' : 'two continuations';
  throw new WebspexError(
    'usage',
    `scalar: expected ${scalar} for ${what}, got ${asked}; log-prob goes with a target, log-odds with A vs B`,
  );
}

/** The target that was named, or the model's own answer to the whole prompt. @throws usage, empty-input, and what passes throw. */
export async function resolveCausalTarget(
  model: CausalModel,
  prompt: string,
  ids: ArrayLike<number>,
  wanted: string | undefined,
  signal?: AbortSignal,
): Promise<CausalTarget> {
  const { tokenizer } = model;
  if (wanted !== undefined) {
    const parts = splitAlternatives(wanted);
    const continuations = parts.map((part) => continuationOf(tokenizer, prompt, part));
    if (parts.length === 2 && continuations[0].ids.join() === continuations[1].ids.join())
      throw new WebspexError('usage', `target: expected two different texts, got ${JSON.stringify(parts[0])} twice; name two`);
    return { written: parts.join(' vs '), scalar: parts.length === 2 ? 'log-odds' : 'log-prob', continuations };
  }
  const added = await greedyTokens(model, ids, {
    most: MOST_ANSWER,
    signal,
    isDone: (tokens) => /\S\s*\n/u.test(tokenizer.decode(tokens)),
  });
  const answer = withoutLineEnd(tokenizer, added);
  if (answer.length === 0)
    throw new WebspexError('empty-input', 'target: expected an answer of the model, got its end at once; name a target, such as yes vs no');
  const found = { text: tokenizer.decode(answer), ids: Uint32Array.from(answer) };
  return { written: writtenContinuation(tokenizer, prompt, found), scalar: 'log-prob', continuations: [found] };
}

/** An answer up to the end of its first line with words, where that end is a token of its own. */
function withoutLineEnd(tokenizer: Tokenizer, added: readonly number[]): number[] {
  let end = added.length;
  while (end > 0 && tokenizer.decode(added.slice(end - 1, end)).trim() === '') end--;
  return added.slice(0, end);
}

/** Each prompt followed by each continuation, which is what is scored. */
export function continued({ ids, offsets }: TokenSequences, continuations: readonly Continuation[]): ScoredSequences {
  const prompts = offsets.length - 1;
  const out: number[] = [];
  const outOffsets = [0];
  const from: number[] = [];
  for (let p = 0; p < prompts; p++)
    for (const continuation of continuations) {
      for (let i = offsets[p]; i < offsets[p + 1]; i++) out.push(ids[i]);
      for (const id of continuation.ids) out.push(id);
      from.push(offsets[p + 1] - offsets[p]);
      outOffsets.push(out.length);
    }
  return { ids: Uint32Array.from(out), offsets: Uint32Array.from(outOffsets), from: Uint32Array.from(from) };
}

/** Players at the start of a text whose every masking may be kept: more than any device has room for. */
const MOST_DEPTH = 10;

/**
 * What to keep for a run that has seen so many masks and goes on: of as many players as each masking of them has come twice, at random. What
 * comes before the first player is kept from the start.
 */
function keeping(split: TextPlayers, rule: MaskRule, tokenizer: Tokenizer): (masks: number) => TokenSequences {
  let seen = 0;
  let kept: { depth: number; beginnings: TokenSequences } | null = null;
  return (masks) => {
    seen += masks;
    const depth = Math.max(0, Math.min(Math.floor(Math.log2(seen)) - 1, MOST_DEPTH));
    if (kept?.depth !== depth) kept = { depth, beginnings: maskedBeginnings(split, rule, tokenizer, depth) };
    return kept.beginnings;
  };
}

/**
 * The value function of a prompt: masks → the target's log-probability or log-odds. What many maskings begin with stays on the device from
 * call to call. @throws as `maskSequences` and as passes do.
 */
export function causalValueFunction(
  model: CausalModel,
  split: TextPlayers,
  { tokenizer, target, rule }: { tokenizer: Tokenizer; target: CausalTarget; rule: MaskRule },
): ValueFunction {
  const { continuations } = target;
  const longest = Math.max(...continuations.map(({ ids }) => ids.length));
  const keep = keeping(split, rule, tokenizer);
  return async (masks: Masks, { signal } = {}) => {
    const prompts = maskSequences(masks, split, rule, tokenizer, model.info.maxTokens - longest);
    const { logProbs } = await model.score(continued(prompts, continuations), { signal, keep: keep(masks.count) });
    return valuesOf(logProbs, continuations, masks.count);
  };
}

/** One number for each prompt from the scores of its continuations: the log-probability of the first, less that of the second. */
export function valuesOf(logProbs: Float64Array, continuations: readonly Continuation[], prompts: number): Float32Array {
  const values = new Float32Array(prompts);
  let at = 0;
  for (let r = 0; r < prompts; r++)
    continuations.forEach(({ ids }, c) => {
      let sum = 0;
      for (const end = at + ids.length; at < end; at++) sum += logProbs[at];
      values[r] += c === 0 ? sum : -sum;
    });
  return values;
}
