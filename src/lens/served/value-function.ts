import type { ValueFunction } from '../../core/masks.ts';
import type { MaskRule } from '../text/masking.ts';
import type { Agreed } from './agree.ts';
import type { Fleet } from './fleet.ts';
import { maskedTexts, type ServedPlayers } from './masked-texts.ts';
import { listsAlone, type Scored } from './protocol.ts';
import { scoreOf, scoreTexts } from './scorer.ts';

export interface ServedValueOptions {
  readonly rule: MaskRule;
  /** How many masks each continuation was not listed for, and so got the floor; counted here. */
  readonly floored: number[];
}

/** The value function of a prompt at a server: masks → the target's log-probability or log-odds. @throws as `scoreTexts`. */
export function servedValueFunction(
  fleet: Fleet,
  agreed: Agreed,
  split: ServedPlayers,
  { rule, floored }: ServedValueOptions,
): ValueFunction {
  const { continuations, way } = agreed;
  const listing = listsAlone(way);
  return async (masks, { signal, onValue } = {}) => {
    const prompts = maskedTexts(masks, split, rule);
    const texts = new Map<string, { row: number; c: number }[]>();
    prompts.forEach((prompt, row) => {
      // Equal prompts are asked about once.
      for (const [c, continuation] of listing ? [[-1, ''] as const] : continuations.entries()) {
        const places = texts.get(prompt + continuation);
        if (places) places.push({ row, c });
        else texts.set(prompt + continuation, [{ row, c }]);
      }
    });
    const asked = [...texts.values()];
    const parts = prompts.map(() => new Float64Array(continuations.length).fill(Number.NaN));
    const values = new Float32Array(masks.count);
    const take = (row: number, c: number, scored: Scored) => {
      const score = scoreOf(agreed, scored, c);
      parts[row][c] = score.logProb;
      if (score.floored) floored[c]++;
      if (parts[row].some(Number.isNaN)) return;
      values[row] = parts[row].length === 2 ? parts[row][0] - parts[row][1] : parts[row][0];
      onValue?.(row, values[row]);
    };
    await scoreTexts(
      fleet,
      agreed,
      [...texts.keys()],
      (text, scored) => {
        for (const { row, c } of asked[text])
          for (const continuation of c < 0 ? continuations.keys() : [c]) take(row, continuation, scored);
      },
      signal,
    );
    return values;
  };
}
