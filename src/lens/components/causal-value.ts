import { type Masks, sliceMasks, type ValueFunction } from '../../core/masks.ts';
import type { CausalModel, ScoredSequences } from '../../model/model.ts';
import { maskGates } from './gates.ts';
import type { ComponentPlayers } from './players.ts';

/** Prompts with what follows them, and the one number that is read off the log-probabilities of that. */
export interface ScoredTexts {
  readonly sequences: ScoredSequences;
  /** From one log-probability for each scored token, in the order of the sequences. */
  valueOf(logProbs: Float64Array): number;
}

/** A number that a causal model gives with some of its parts switched off. */
export interface CausalComponentQuestion extends ScoredTexts {
  readonly players: ComponentPlayers;
  /** What absent parts put out, from `model.components.means`; default nothing. */
  readonly means?: Float32Array;
  /** Multiply the heads that are left in a layer by |H| / |S ∩ H|. */
  readonly rescale: boolean;
}

/** Passes of one call of the model; more only take memory. */
const MOST_PASSES = 2048;

/** Masks → the number read off all sequences under their gates. @throws as passes do. */
export function causalComponentFunction(model: CausalModel, question: CausalComponentQuestion): ValueFunction {
  const { players, sequences, means, rescale } = question;
  const each = sequences.from.length;
  const perCall = Math.max(1, Math.floor(MOST_PASSES / each));
  return async (masks, { signal } = {}) => {
    const out = new Float32Array(masks.count);
    for (let start = 0; start < masks.count; start += perCall) {
      const some = sliceMasks(masks, start, Math.min(masks.count, start + perCall));
      const values = forEachSequence(some, players, rescale, each);
      const { logProbs } = await model.score(repeated(sequences, some.count), { signal, gates: { values, means, from: players.from } });
      const tokens = logProbs.length / some.count;
      for (let m = 0; m < some.count; m++) out[start + m] = question.valueOf(logProbs.subarray(m * tokens, (m + 1) * tokens));
    }
    return out;
  };
}

/** The gates of each mask, once for each sequence. */
function forEachSequence(masks: Masks, players: ComponentPlayers, rescale: boolean, times: number): Float32Array {
  const gates = maskGates(masks, players, rescale);
  const columns = gates.length / masks.count;
  const out = new Float32Array(gates.length * times);
  for (let r = 0; r < masks.count * times; r++) {
    const mask = Math.floor(r / times);
    out.set(gates.subarray(mask * columns, (mask + 1) * columns), r * columns);
  }
  return out;
}

/** All sequences, one time after the other. */
function repeated({ ids, offsets, from }: ScoredSequences, times: number): ScoredSequences {
  const count = from.length;
  const out = {
    ids: new Uint32Array(ids.length * times),
    offsets: new Uint32Array(count * times + 1),
    from: new Uint32Array(count * times),
  };
  for (let i = 0; i < times; i++) {
    out.ids.set(ids, i * ids.length);
    out.from.set(from, i * count);
    for (let s = 1; s <= count; s++) out.offsets[i * count + s] = i * ids.length + offsets[s];
  }
  return out;
}
