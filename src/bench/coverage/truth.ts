import { popcount } from '../../core/bits.ts';
import type { Explanation } from '../../explain/document.ts';
import { fwht } from '../../spectrum/fwht.ts';
import type { Game } from './games.ts';

/** The exact FBII of every set of a game, from all its values; entry S as a mask. */
export function exactFbii({ players, values }: Game, order: number): Float64Array {
  const sums = fwht(Float64Array.from(values)).map((v, set) => (popcount(set) <= order ? v / values.length : 0));
  // Over all supersets: FBII_S = (−2)^|S| Σ_{T ⊇ S, |T| ≤ order} F(T).
  for (let i = 0; i < players; i++) for (let set = 0; set < sums.length; set++) if (!((set >> i) & 1)) sums[set] += sums[set | (1 << i)];
  return sums.map((v, set) => (-2) ** popcount(set) * v);
}

/** Players as a mask. */
export function setOf(members: readonly number[]): number {
  return members.reduce((set, i) => set | (1 << i), 0);
}

/** The true R² of an explanation over the masks that are not in `seen`. */
export function trueR2({ spectrum }: Pick<Explanation, 'spectrum'>, { values }: Game, seen: Uint8Array): number {
  const predicted = new Float64Array(values.length);
  for (const { members, coefficient } of spectrum) predicted[setOf(members)] = coefficient;
  fwht(predicted);
  let count = 0;
  let mean = 0;
  for (let m = 0; m < values.length; m++) {
    if (seen[m]) continue;
    count++;
    mean += values[m];
  }
  mean /= count;
  let error = 0;
  let total = 0;
  for (let m = 0; m < values.length; m++) {
    if (seen[m]) continue;
    error += (values[m] - predicted[m]) ** 2;
    total += (values[m] - mean) ** 2;
  }
  return 1 - error / total;
}
