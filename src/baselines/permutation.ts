import { createMasks, type Masks, maskKey, pickMasks, setPresent } from '../core/masks.ts';
import { createRandom, type Random, shuffle } from '../core/random.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { ends } from './kernelshap.ts';
import { polynomialBasis, polynomialFit } from './polynomial.ts';

function drawOrder(n: number, random: Random): Uint32Array {
  return shuffle(
    Uint32Array.from({ length: n }, (_, i) => i),
    random,
  );
}

/** Rows 2k and 2k + 1: the first k + 1 players of the order, and all others, which are the first of the order backwards. */
function chainOf(order: Uint32Array): Masks {
  const n = order.length;
  const masks = createMasks(n, 2 * (n - 1));
  for (let k = 0; k < n - 1; k++) for (let at = 0; at < n; at++) setPresent(masks, 2 * k + Number(at > k), order[at], true);
  return masks;
}

/** Masks repeat where players are few: then orders cost less and less, and after this many times the paid ones enough is enough. */
const MOST_FREE = 4;

function mostOrders(n: number, count: number): number {
  return MOST_FREE * Math.ceil((count + 2) / Math.max(1, 2 * (n - 1)));
}

/** Fewest masks, the full and the empty one included, with which two orders are complete, so that they can be compared. */
export function fewestChainMasks(n: number): number {
  return Math.min(2 ** n, 2 + 4 * (n - 1));
}

/** Whole chains of random orders, forwards and backwards, each mask once. */
export function chainMasks(n: number, count: number, seed: number): Masks {
  const random = createRandom(seed, 6);
  const seen = new Set<string>();
  const parts: Masks[] = [];
  let total = 0;
  for (let t = 0; t < mostOrders(n, count); t++) {
    const chain = chainOf(drawOrder(n, random));
    const fresh = Array.from({ length: chain.count }, (_, r) => r).filter((r) => !seen.has(maskKey(chain, r)));
    if (total + fresh.length > count) break;
    total += fresh.length;
    for (const r of fresh) seen.add(maskKey(chain, r));
    parts.push(pickMasks(chain, fresh));
  }
  const words = new Uint32Array(parts.reduce((sum, part) => sum + part.words.length, 0));
  let at = 0;
  for (const part of parts) {
    words.set(part.words, at);
    at += part.words.length;
  }
  return { n, count: total, words };
}

/**
 * Shapley values as mean marginal contributions along random orders (Castro, Gómez and Tejada 2009), each order taken forwards and backwards
 * (Mitchell et al. 2022). The orders are those of the seed, as far as their masks are there; the values always add up to f(N) − f(∅).
 * @throws usage where masks and values do not match or an end is missing, non-finite where a value is not a number.
 */
export async function permutation(masks: Masks, values: ArrayLike<number>, { seed, breathe }: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { n } = masks;
  const { full, empty } = ends(masks, values);
  const places = new Map(Array.from({ length: masks.count }, (_, r) => [maskKey(masks, r), r]));
  const random = createRandom(seed, 6);
  const found: Float64Array[] = [];
  for (let t = 0; t < mostOrders(n, masks.count - 2); t++) {
    const order = drawOrder(n, random);
    const chain = chainOf(order);
    const known = Array.from({ length: chain.count }, (_, r) => places.get(maskKey(chain, r)));
    if (known.includes(undefined)) break;
    found.push(marginals(order, known as number[], values, full, empty));
    if (t % 64 === 63) await breathe?.();
  }
  const mean = new Float64Array(n);
  for (const one of found) for (let i = 0; i < n; i++) mean[i] += one[i] / found.length;
  const scale = 1 / Math.sqrt(found.length * Math.max(1, found.length - 1));
  const contributions = new Float64Array(found.length * (n + 1));
  for (const [t, one] of found.entries()) for (let i = 0; i < n; i++) contributions[t * (n + 1) + i + 1] = scale * (one[i] - mean[i]);
  return polynomialFit('permutation', polynomialBasis(n, 1), [empty, ...mean], contributions);
}

/** What each player adds where it comes in, forwards and backwards, halved. */
function marginals(order: Uint32Array, rows: readonly number[], values: ArrayLike<number>, full: number, empty: number): Float64Array {
  const n = order.length;
  const out = new Float64Array(n);
  const first = (k: number) => (k === 0 ? empty : k === n ? full : values[rows[2 * (k - 1)]]);
  const others = (k: number) => (k === 0 ? full : k === n ? empty : values[rows[2 * (k - 1) + 1]]);
  for (let k = 0; k < n; k++) out[order[k]] = (first(k + 1) - first(k) + others(k) - others(k + 1)) / 2;
  return out;
}
