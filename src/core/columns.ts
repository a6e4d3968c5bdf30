import { type Masks, maskStride } from './masks.ts';

/** Masks by groups of 32 players: words[g * count + r] = players 32g … 32g + 31 of row r, so that one group is read in one sweep. */
export interface WordColumns {
  readonly n: number;
  readonly count: number;
  readonly groups: number;
  readonly words: Uint32Array;
}

/** Transposes masks to groups of 32 players. */
export function wordColumns(masks: Masks): WordColumns {
  const groups = maskStride(masks.n);
  const words = new Uint32Array(groups * masks.count);
  for (let r = 0; r < masks.count; r++) for (let g = 0; g < groups; g++) words[g * masks.count + r] = masks.words[r * groups + g];
  return { n: masks.n, count: masks.count, groups, words };
}
