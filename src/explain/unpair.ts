import { concatMasks, type Masks, sliceMasks } from '../core/masks.ts';
import { unpairedMasks } from '../core/sample.ts';

/** Variance that is left for the odd part of a function to be taken for nothing, as a share of all. */
const NOTHING = 0.01;
/** Below this share of the squares of all values what varies is the rounding of float32. */
const ROUNDING = 1e-13;
/** Pairs that this is judged by, at least. */
const LEAST_PAIRS = 16;

/**
 * Whether a mask and its complement have the same value, so that a function is even: of its frequencies, as of parities of four players, a
 * complement says again what is known. Rows 2p and 2p + 1 are complementary; the first pair, all and none, is like no other. The other way round,
 * an odd function, is left in pairs: they cost a Gaussian process a quarter, and sums of single players are odd.
 */
export function isEven(values: ArrayLike<number>, rows: number): boolean {
  const pairs = (rows >> 1) - 1;
  if (pairs < LEAST_PAIRS) return false;
  let mean = 0;
  for (let r = 2; r < 2 * pairs + 2; r++) mean += values[r] / (2 * pairs);
  let odd = 0;
  let all = 0;
  let size = 0;
  for (let r = 2; r < 2 * pairs + 2; r += 2) {
    odd += (values[r] - values[r + 1]) ** 2 / 2;
    all += (values[r] - mean) ** 2 + (values[r + 1] - mean) ** 2;
    size += values[r] ** 2 + values[r + 1] ** 2;
  }
  return all > ROUNDING * size && odd <= NOTHING * all;
}

/** The masks of a plan, those from row `from` on without their complements. Rows 2p and 2p + 1 are held out together all the same. */
export function unpaired(masks: Masks, from: number, seed: number): Masks {
  return concatMasks(sliceMasks(masks, 0, from), unpairedMasks(masks.n, masks.count - from, seed, from));
}
