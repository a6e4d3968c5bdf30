import { WebspexError } from '../../core/errors.ts';
import type { ValueFunction } from '../../core/masks.ts';
import type { Model, TokenSequences } from '../../model/model.ts';
import { type MaskRule, maskSequences } from './masking.ts';
import type { TextPlayers } from './players.ts';
import { checkFinite } from './value-function.ts';

/** a · b / (‖a‖ ‖b‖) of two rows of features. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [product, aa, bb] = [0, 0, 0];
  for (let c = 0; c < a.length; c++) {
    product += a[c] * b[c];
    aa += a[c] * a[c];
    bb += b[c] * b[c];
  }
  return product / Math.sqrt(aa * bb);
}

/** The features of one text. @throws empty-input, too-long, non-finite, and what passes throw. */
async function featuresOf(model: Model, text: string, signal?: AbortSignal): Promise<Float32Array> {
  const { tokenizer, info } = model;
  const { before, after } = tokenizer.wrapping;
  const { ids } = tokenizer.encode(text);
  if (ids.length === 0) throw new WebspexError('empty-input', 'target: expected a text to compare with, got an empty one; give some words');
  const length = before.length + ids.length + after.length;
  if (length > info.maxTokens)
    throw new WebspexError(
      'too-long',
      `target: expected at most ${info.maxTokens} tokens, special ones included, got ${length}; compare with a shorter text`,
    );
  const one: TokenSequences = { ids: Uint32Array.of(...before, ...ids, ...after), offsets: Uint32Array.of(0, length) };
  const features = await model.classify(one, { signal });
  checkFinite(features, 0, features.length);
  return features;
}

/**
 * The value function of a text beside another: masks → the cosine between the features of the masked text and those of `reference`, from a model
 * without its head. @throws non-finite naming the mask, and as `maskSequences`.
 */
export async function similarityFunction(
  model: Model,
  split: TextPlayers,
  { reference, rule, signal }: { reference: string; rule: MaskRule; signal?: AbortSignal },
): Promise<ValueFunction> {
  const other = await featuresOf(model, reference, signal);
  const width = model.info.labels.length;
  return async (masks, options = {}) => {
    const sequences = maskSequences(masks, split, rule, model.tokenizer, model.info.maxTokens);
    const features = await model.classify(sequences, { signal: options.signal });
    return Float32Array.from({ length: masks.count }, (_, r) => {
      checkFinite(features, r, width);
      return cosine(features.subarray(r * width, (r + 1) * width), other);
    });
  };
}
