import { type Masks, sliceMasks, type ValueFunction } from '../../core/masks.ts';
import type { CausalModel, TokenSequences } from '../../model/model.ts';
import { type CausalTarget, continued, valuesOf } from '../text/causal-value.ts';
import { maskGates } from './gates.ts';
import type { ComponentPlayers } from './players.ts';

/** The target of a prompt with some parts of a causal model switched off. */
export interface CausalComponentQuestion {
  readonly players: ComponentPlayers;
  /** The one prompt, as the model takes it. */
  readonly prompt: TokenSequences;
  readonly target: CausalTarget;
  /** What absent parts put out, from `model.components.means`; default nothing. */
  readonly means?: Float32Array;
  /** Multiply the heads that are left in a layer by |H| / |S ∩ H|. */
  readonly rescale: boolean;
}

/** Passes of one call of the model; more only take memory. */
const MOST_PASSES = 2048;

/** Masks → the target's log-probability or log-odds. @throws as passes do. */
export function causalComponentFunction(model: CausalModel, question: CausalComponentQuestion): ValueFunction {
  const { players, prompt, target, means, rescale } = question;
  const { continuations } = target;
  const perCall = Math.max(1, Math.floor(MOST_PASSES / continuations.length));
  return async (masks, { signal } = {}) => {
    const out = new Float32Array(masks.count);
    for (let start = 0; start < masks.count; start += perCall) {
      const some = sliceMasks(masks, start, Math.min(masks.count, start + perCall));
      const values = forEachContinuation(some, players, rescale, continuations.length);
      const asked = continued(repeated(prompt, some.count), continuations);
      const { logProbs } = await model.score(asked, { signal, gates: { values, means, from: players.from } });
      out.set(valuesOf(logProbs, continuations, some.count), start);
    }
    return out;
  };
}

/** The gates of each mask, once for each continuation. */
function forEachContinuation(masks: Masks, players: ComponentPlayers, rescale: boolean, times: number): Float32Array {
  const gates = maskGates(masks, players, rescale);
  const columns = gates.length / masks.count;
  const out = new Float32Array(gates.length * times);
  for (let r = 0; r < masks.count * times; r++) {
    const mask = Math.floor(r / times);
    out.set(gates.subarray(mask * columns, (mask + 1) * columns), r * columns);
  }
  return out;
}

function repeated({ ids }: TokenSequences, times: number): TokenSequences {
  const out = new Uint32Array(ids.length * times);
  for (let i = 0; i < times; i++) out.set(ids, i * ids.length);
  return { ids: out, offsets: Uint32Array.from({ length: times + 1 }, (_, i) => i * ids.length) };
}
