import { createMasks, lastWordBits, type Masks, maskKey, maskStride, sliceMasks } from './masks.ts';
import { createRandom, type Random, shuffle } from './random.ts';

/** Draws distinct complementary pairs of masks by size, one pair a call: the two masks as 2 × stride words, or null when all are drawn. */
export type PairSource = () => Uint32Array | null;

/** Up to here all sets of a size are listed and shuffled at once; beyond, sets are drawn and repeats thrown away. */
const LISTED = 1024;

/** n over k in float64: exact below 2⁵³, infinite where it overflows. */
export function binomial(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let out = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) out = (out * (n - Math.min(k, n - k) + i)) / i;
  return out < 2 ** 53 ? Math.round(out) : out;
}

/** Share of the Shapley kernel on all sets of s of n players together, not normalised: 1/(s(n − s)), Lundberg and Lee 2017, Theorem 2. */
export function shapleySize(s: number, n: number): number {
  return 1 / (s * (n - s));
}

interface Size {
  readonly players: number;
  readonly pairs: number;
  drawn: number;
  /** Those not yet drawn, in random order, once they are listed. */
  left: number[][] | null;
}

/**
 * Pairs (a set of s players, its complement) with s drawn in proportion to `weight(s, n)` among 1 … n − 1, the set uniformly among those of
 * its size that are not in `seen` (keys of `maskKey`), without replacement; drawn masks are added to `seen`. The same seed gives the same
 * pairs in the same order.
 */
export function sizedPairs(n: number, seed: number, weight: (s: number, n: number) => number, seen: Set<string>): PairSource {
  const random = createRandom(seed, 5);
  const sizes: Size[] = [];
  for (let s = 1; s <= n / 2; s++) sizes.push({ players: s, pairs: binomial(n, s) / (2 * s === n ? 2 : 1), drawn: 0, left: null });
  const weightOf = ({ players: s }: Size) => weight(s, n) + (2 * s === n ? 0 : weight(n - s, n));
  let open = sizes;
  return () => {
    while (open.length > 0) {
      const size = drawSize(open, weightOf, random);
      const members = nextSet(size, n, random, seen);
      if (!members) {
        open = open.filter((s) => s !== size);
        continue;
      }
      const pair = pairOf(members, n, random);
      if (seen.has(maskKey(pair, 0)) || seen.has(maskKey(pair, 1))) continue;
      seen.add(maskKey(pair, 0)).add(maskKey(pair, 1));
      size.drawn++;
      return pair.words;
    }
    return null;
  };
}

function drawSize(open: readonly Size[], weightOf: (size: Size) => number, random: Random): Size {
  let left = random.uniform() * open.reduce((sum, size) => sum + weightOf(size), 0);
  for (const size of open) {
    left -= weightOf(size);
    if (left < 0) return size;
  }
  return open[open.length - 1];
}

/** A set of that size that may have been seen, or null where there is none left. */
function nextSet(size: Size, n: number, random: Random, seen: ReadonlySet<string>): number[] | null {
  const { players, pairs } = size;
  if (!size.left && (pairs <= LISTED || 2 * size.drawn >= pairs)) {
    const halves = 2 * players === n;
    const sets = setsOf(n, players).filter((set) => !(halves && set[0] !== 0) && !seen.has(maskKey(pairOf(set, n), 0)));
    size.left = Array.from(shuffle(Uint32Array.from(sets.keys()), random), (i) => sets[i]);
  }
  return size.left ? (size.left.pop() ?? null) : drawSet(n, players, random);
}

/** A uniformly drawn set of `size` of n players, ascending (Floyd). */
function drawSet(n: number, size: number, random: Random): number[] {
  const chosen = new Set<number>();
  for (let j = n - size; j < n; j++) {
    const i = random.below(j + 1);
    chosen.add(chosen.has(i) ? j : i);
  }
  return [...chosen].sort((a, b) => a - b);
}

/** All sets of `size` of n players, ascending, in lexicographic order. */
export function setsOf(n: number, size: number): number[][] {
  const out: number[][] = [];
  const set = Array.from({ length: size }, (_, i) => i);
  if (size > n) return out;
  for (;;) {
    out.push([...set]);
    let i = size - 1;
    while (i >= 0 && set[i] === n - size + i) i--;
    if (i < 0) return out;
    set[i]++;
    for (let j = i + 1; j < size; j++) set[j] = set[j - 1] + 1;
  }
}

/** The set and its complement, either first. */
function pairOf(members: readonly number[], n: number, random?: Random): Masks {
  const stride = maskStride(n);
  const pair = createMasks(n, 2);
  const first = random && random.below(2) === 1 ? stride : 0;
  for (const i of members) pair.words[first + (i >> 5)] |= 1 << (i & 31);
  for (let w = 0; w < stride; w++) {
    const full = w === stride - 1 ? lastWordBits(n) : 0xffffffff;
    pair.words[stride - first + w] = (full ^ pair.words[first + w]) >>> 0;
  }
  return pair;
}

/** Pairs of a source as one list of at most `count` masks. */
export function collectPairs(n: number, count: number, next: PairSource): Masks {
  const masks = createMasks(n, count - (count % 2));
  const width = 2 * maskStride(n);
  for (let p = 0; 2 * p < masks.count; p++) {
    const pair = next();
    if (!pair) return sliceMasks(masks, 0, 2 * p);
    masks.words.set(pair, p * width);
  }
  return masks;
}
