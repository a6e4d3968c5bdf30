import { WebspexError } from './errors.ts';
import { createMasks, lastWordBits, type Masks, maskKey, maskStride, pickMasks } from './masks.ts';
import { createRandom, shuffle } from './random.ts';

/** Largest n at which every mask is listed rather than drawn. */
export const MAX_EXHAUSTIVE_PLAYERS = 16;

/**
 * Uniform, distinct masks in complementary pairs (rows 2r and 2r + 1); the first pair is all present, none present.
 * A shorter list of the same seed is a prefix of a longer one. Where `count` reaches 2ⁿ, all of them in random order.
 * An odd count is rounded down to whole pairs. @throws usage where n is 0.
 */
export function pairedMasks(n: number, count: number, seed: number): Masks {
  if (n < 1) throw new WebspexError('usage', `sampling: expected at least 1 player, got ${n}; give a text with words in it`);
  const wanted = n < 31 ? Math.min(count, 2 ** n) : count;
  const pairs = Math.floor(wanted / 2);
  return n <= MAX_EXHAUSTIVE_PLAYERS ? shuffledPairs(n, pairs, seed) : drawnPairs(n, pairs, seed);
}

/** Which of a pair is drawn. */
const COIN_STREAM = 14;

/**
 * Uniform, distinct masks that go on after the first `from` rows of `pairedMasks`: one of each further pair of that list, by a coin; where the
 * list ends, what is left of its pairs. A shorter list is a prefix of a longer one unless it comes to that end.
 */
export function unpairedMasks(n: number, count: number, seed: number, from: number): Masks {
  const all = pairedMasks(n, from + 2 * count, seed);
  const coin = createRandom(seed, COIN_STREAM);
  const drawn: number[] = [];
  const left: number[] = [];
  for (let r = from; r < all.count; r += 2) {
    const second = coin.below(2);
    drawn.push(r + second);
    left.push(r + 1 - second);
  }
  return pickMasks(all, [...drawn, ...left].slice(0, count));
}

/** Without replacement from the listed half of the cube: the masks without player n − 1, each with its complement. */
function shuffledPairs(n: number, pairs: number, seed: number): Masks {
  const order = new Uint32Array(2 ** (n - 1) - 1);
  for (let i = 0; i < order.length; i++) order[i] = i + 1;
  shuffle(order, createRandom(seed, 1));
  const masks = createMasks(n, pairs * 2);
  const full = lastWordBits(n);
  for (let p = 0; p < pairs; p++) {
    const low = p === 0 ? 0 : order[p - 1];
    masks.words[2 * p] = full ^ low;
    masks.words[2 * p + 1] = low;
  }
  return masks;
}

function drawnPairs(n: number, pairs: number, seed: number): Masks {
  const random = createRandom(seed, 1);
  const stride = maskStride(n);
  const masks = createMasks(n, pairs * 2);
  const last = lastWordBits(n);
  const seen = new Set<string>();
  for (let p = 0; p < pairs; ) {
    const at = 2 * p * stride;
    for (let w = 0; w < stride; w++) {
      const full = w === stride - 1 ? last : 0xffffffff;
      const word = p === 0 ? full : (random.uint32() & full) >>> 0;
      masks.words[at + w] = word;
      masks.words[at + stride + w] = (full ^ word) >>> 0;
    }
    const key = maskKey(masks, 2 * p);
    if (seen.has(key)) continue;
    seen.add(key);
    seen.add(maskKey(masks, 2 * p + 1));
    p++;
  }
  return masks;
}
