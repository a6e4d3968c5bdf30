import { WebspexError } from '../../core/errors.ts';
import type { Masks, ValueFunction } from '../../core/masks.ts';
import type { Encoding, MaskedModel, Tokenizer } from '../../model/model.ts';
import { splitAlternatives } from './continuation.ts';
import { type MaskRule, maskFollowing } from './masking.ts';
import type { TextPlayers } from './players.ts';

/** What is asked of a blank: the log-probability of one word in it, or the log-odds of the first against the second. */
export interface BlankTarget {
  readonly written: string;
  readonly scalar: 'log-prob' | 'log-odds';
  readonly tokens: readonly number[];
}

/** The token of a text that is its blank, written as the model's mask token. @throws usage where there is none, or more than one. */
export function blankOf({ ids }: Encoding, tokenizer: Tokenizer): number {
  const mask = tokenizer.special.mask as number;
  const places = [...ids.keys()].filter((t) => ids[t] === mask);
  if (places.length === 1) return places[0];
  const name = tokenizer.decode([mask]);
  throw new WebspexError(
    'usage',
    `text: expected one ${name} where a word is to be told, got ${places.length || 'none'}; write ${name} in the place of one word`,
  );
}

/** The token of a word that follows a blank, or of one that goes on within another (after …). @throws usage where it is not one token. */
function tokenOf(tokenizer: Tokenizer, given: string): number {
  const bare = given.trim();
  // A word in a text has a blank before it, which byte-level tokenizers make part of its token.
  const readings = [tokenizer.encode(` ${bare}`).ids, tokenizer.encode(bare).ids];
  const own = tokenizer.idOf(bare);
  const ids = readings.find(({ length }) => length === 1) ?? (own === null ? readings[0] : Uint32Array.of(own));
  const { unk } = tokenizer.special;
  if (ids.length !== 1 || (ids[0] === unk && own !== unk)) {
    const got = ids.length === 1 ? 'one that the model does not know' : `${ids.length} tokens`;
    throw new WebspexError('usage', `target: expected a word of one token, got ${got} for ${JSON.stringify(bare)}; name another word`);
  }
  return ids[0];
}

/** The target that was named, or the model's own likeliest word in the blank of the whole text. @throws usage, and what passes throw. */
export async function resolveBlankTarget(
  model: MaskedModel,
  whole: ReturnType<typeof maskFollowing>,
  wanted: string | undefined,
  signal?: AbortSignal,
): Promise<BlankTarget> {
  const { tokenizer } = model;
  if (wanted === undefined) {
    const { best } = await model.fill(whole, [0], { signal });
    return { written: tokenizer.decode(best).trim(), scalar: 'log-prob', tokens: [best[0]] };
  }
  const parts = splitAlternatives(wanted);
  const tokens = parts.map((part) => tokenOf(tokenizer, part));
  if (tokens.length === 2 && tokens[0] === tokens[1])
    throw new WebspexError('usage', `target: expected two different words, got ${JSON.stringify(parts[0])} twice; name two`);
  return { written: parts.join(' vs '), scalar: parts.length === 2 ? 'log-odds' : 'log-prob', tokens };
}

/** The value function of a text with a blank: masks → the target's log-probability or log-odds. @throws as `maskSequences` and as passes do. */
export function blankValueFunction(
  model: MaskedModel,
  split: TextPlayers,
  { blank, target, rule }: { blank: number; target: BlankTarget; rule: MaskRule },
): ValueFunction {
  const { tokens } = target;
  return async (masks: Masks, { signal } = {}) => {
    const sequences = maskFollowing(masks, split, rule, model.tokenizer, model.info.maxTokens, blank);
    const { logProbs } = await model.fill(sequences, tokens, { signal });
    return Float32Array.from({ length: masks.count }, (_, r) =>
      tokens.length === 1 ? logProbs[r] : logProbs[2 * r] - logProbs[2 * r + 1],
    );
  };
}
