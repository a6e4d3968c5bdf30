import { isPresent, type Masks, pickMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';

/** ±1 of each player of each mask: +1 absent, −1 present. */
export function signs(masks: Masks): number[][] {
  return Array.from({ length: masks.count }, (_, r) => Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? -1 : 1)));
}

/** A saturating function of every player with one strong and one local pair, and a little noise. */
export function bentValues(masks: Masks, seed: number, noise = 0.05): Float64Array {
  const random = createRandom(seed);
  const weights = Array.from({ length: masks.n }, () => random.normal() * 0.5);
  return Float64Array.from(signs(masks), (z) => {
    const sum = z.reduce((s, v, i) => s + weights[i] * v, 0) + (masks.n > 2 ? 0.8 * z[0] * z[2] - 0.4 * z[1] * z[2] : 0);
    return 2 * Math.tanh(sum) + noise * random.normal();
  });
}

/** What a reader of the kept words in order answers: each says what the two kept before it make of it, and half is forgotten every three words. */
export function readerOf(n: number, seed: number): (masks: Masks) => Float64Array {
  const random = createRandom(seed);
  const own = Array.from({ length: n }, () => 0.5 * random.normal());
  const pairs = Array.from({ length: n * n }, () => random.normal());
  return (masks) =>
    Float64Array.from({ length: masks.count }, (_, r) => {
      const kept = Array.from({ length: n }, (_, i) => i).filter((i) => isPresent(masks, r, i));
      const pair = (k: number) => pairs[n * kept[k - 1] + kept[k]];
      return kept.reduce((sum, i, k) => 0.8 * sum + own[i] + (k > 0 ? pair(k) : 0) * (k > 1 ? pair(k - 1) : 1), 0);
    });
}

/** Paired masks, or the same number without order or complements. */
export function someMasks(n: number, count: number, paired: boolean): Masks {
  const masks = pairedMasks(n, 2 * count, 5);
  return pickMasks(
    masks,
    Array.from({ length: Math.min(count, masks.count >> 1) }, (_, r) => (paired ? r : 2 * r)),
  );
}

/** θ with every entry away from its starting value. */
export function somewhere(length: number, seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length }, (_, i) => (i === 0 ? -1 : 0) + 0.5 * random.normal());
}

/** Σ_S over all 2ⁿ subsets of players, as bit patterns. */
export function forEachSubset(n: number, visit: (members: number[]) => void): void {
  for (let s = 0; s < 2 ** n; s++) visit(Array.from({ length: n }, (_, i) => i).filter((i) => (s >> i) & 1));
}

/** A random positive definite k × k matrix in the lower triangle of a padded one, identity beyond. */
export function positiveDefinite(k: number, size: number): Float64Array {
  const random = createRandom(k);
  const root = Array.from({ length: k }, () => Array.from({ length: k }, () => random.normal()));
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++)
      out[i * size + j] = i < k ? root[i].reduce((s, v, p) => s + v * root[j][p], i === j ? 1 : 0) : i === j ? 1 : 0;
  return out;
}
