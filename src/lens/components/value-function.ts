import { WebspexError } from '../../core/errors.ts';
import { type Masks, sliceMasks, type ValueFunction } from '../../core/masks.ts';
import type { Model, TokenSequences } from '../../model/model.ts';
import { type Scalar, scalarOf } from '../text/value-function.ts';
import { maskGates } from './gates.ts';
import type { ComponentPlayers } from './players.ts';

/** What is explained of a set of texts: the share that the model gets right, or the mean of a scalar of the right labels. */
export type SetScalar = Scalar | 'accuracy';

/** A value of the model with some of its parts switched off. */
export interface ComponentQuestion {
  readonly players: ComponentPlayers;
  readonly texts: TokenSequences;
  /** The label of each text whose scalar counts. */
  readonly targets: ArrayLike<number>;
  readonly scalar: SetScalar;
  /** What absent parts put out, from `model.components.means`; default nothing. */
  readonly means?: Float32Array;
  /** Multiply the heads that are left in a layer by |H| / |S ∩ H|. */
  readonly rescale: boolean;
}

/** Passes of one call of the model; more only take memory. */
const MOST_PASSES = 8192;

/** Masks → the mean over the texts of the scalar, or of being right. @throws non-finite naming mask and text, and what passes throw. */
export function componentValueFunction(model: Model, question: ComponentQuestion): ValueFunction {
  const { texts, players } = question;
  const count = texts.offsets.length - 1;
  const perCall = Math.max(1, Math.floor(MOST_PASSES / count));
  return async (masks, { signal } = {}) => {
    const out = new Float32Array(masks.count);
    for (let start = 0; start < masks.count; start += perCall) {
      const some = sliceMasks(masks, start, Math.min(masks.count, start + perCall));
      const gates = { values: forEachText(some, question), means: question.means, from: players.from };
      const logits = await model.classify(repeated(texts, some.count), { signal, gates });
      for (let m = 0; m < some.count; m++) out[start + m] = meanOf(logits, m * count, model.info.labels.length, question, start + m);
    }
    return out;
  };
}

/** The gates of each mask, once for each text. */
function forEachText(masks: Masks, { players, texts, rescale }: ComponentQuestion): Float32Array {
  const count = texts.offsets.length - 1;
  const gates = maskGates(masks, players, rescale);
  const columns = gates.length / masks.count;
  const out = new Float32Array(gates.length * count);
  for (let m = 0; m < masks.count; m++) {
    const row = gates.subarray(m * columns, (m + 1) * columns);
    for (let t = 0; t < count; t++) out.set(row, (m * count + t) * columns);
  }
  return out;
}

/** All texts, one time after the other. */
function repeated({ ids, offsets }: TokenSequences, times: number): TokenSequences {
  const count = offsets.length - 1;
  const out = { ids: new Uint32Array(ids.length * times), offsets: new Uint32Array(count * times + 1) };
  for (let i = 0; i < times; i++) {
    out.ids.set(ids, i * ids.length);
    for (let t = 1; t <= count; t++) out.offsets[i * count + t] = i * ids.length + offsets[t];
  }
  return out;
}

function meanOf(logits: Float32Array, first: number, labels: number, { targets, scalar }: ComponentQuestion, mask: number): number {
  let sum = 0;
  for (let t = 0; t < targets.length; t++) {
    for (let c = 0; c < labels; c++)
      if (!Number.isFinite(logits[(first + t) * labels + c]))
        throw new WebspexError(
          'non-finite',
          `model: expected finite logits, got ${logits[(first + t) * labels + c]} for mask ${mask} and text ${t}; nothing was imputed, try another device`,
        );
    sum += scalar === 'accuracy' ? isRight(logits, first + t, labels, targets[t]) : scalarOf(logits, first + t, labels, targets[t], scalar);
  }
  return sum / targets.length;
}

/** 1 where the target is the first of the largest logits. */
function isRight(logits: Float32Array, row: number, labels: number, target: number): number {
  let best = 0;
  for (let c = 1; c < labels; c++) if (logits[row * labels + c] > logits[row * labels + best]) best = c;
  return best === target ? 1 : 0;
}
