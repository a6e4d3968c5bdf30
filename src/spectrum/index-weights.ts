import { WebspexError } from '../core/errors.ts';
import { bernoulliRational, choose, plus, type Rational, rational, times, toNumber, ZERO } from './rational.ts';

/** Indices read off a Fourier spectrum by direct weights I_S = Σ_{T ⊇ S} w(|T|, |S|) F(T); Möbius is never built for the others. */
export const INDEX_NAMES = ['FBII', 'BII', 'BV', 'SV', 'SII', 'k-SII', 'STII', 'FSII', 'Moebius', 'Fourier'] as const;
export type IndexName = (typeof INDEX_NAMES)[number];

/** Whether the index is one of single players only. */
export function isValue(index: IndexName): boolean {
  return index === 'SV' || index === 'BV';
}

const power = (s: number): Rational => rational((-2n) ** BigInt(s));

/** SII (Grabisch and Roubens 1999): frequencies of the set's own parity share equally over places. */
function shapley(t: number, s: number): Rational {
  return (t - s) % 2 === 0 ? times(power(s), rational(1, t - s + 1)) : ZERO;
}

/** k-SII (Bordt and von Luxburg 2023): SII of larger sets, by Bernoulli numbers, summed over the C(t − s, r − s) of them within T. */
function aggregated(t: number, s: number, order: number): Rational {
  let sum = ZERO;
  for (let r = s; r <= Math.min(order, t); r++)
    sum = plus(sum, times(rational(choose(t - s, r - s)), times(bernoulliRational(r - s), shapley(t, r))));
  return sum;
}

/** STII (Sundararajan, Dhamdhere and Agarwal 2020): Möbius below the top order, which takes its share of all above it. */
function taylor(t: number, s: number, order: number): Rational {
  if (s < order) return power(s);
  let sum = ZERO;
  for (let k = 0; k <= t - s; k++) sum = plus(sum, times(power(k), rational(choose(t - s, k), choose(k + s, s))));
  return times(power(s), sum);
}

/** FSII (Tsai, Yeh and Ravikumar 2023, Theorem 19): Möbius, and of each set above the top order what the nearest polynomial gives to S. */
function faithful(t: number, s: number, order: number): Rational {
  let sum = power(s);
  for (let r = order + 1; r <= t; r++) {
    const sign = (order - s) % 2 === 0 ? 1n : -1n;
    const top = sign * BigInt(s) * choose(order, s) * choose(r - 1, order) * choose(t - s, r - s);
    sum = plus(sum, times(power(r), rational(top, BigInt(order + s) * choose(r + order - 1, order + s))));
  }
  return sum;
}

/**
 * w(t, s) of an index for frequencies of t players and interactions of 1 ≤ s ≤ t, `order` the largest interaction. Sums are exact rationals:
 * those of STII and FSII alternate, and float64 would lose every digit from about t = 40. @throws usage for an unknown index.
 */
export function indexWeight(index: IndexName, order: number, t: number, s: number): number {
  switch (index) {
    case 'Fourier':
      return t === s ? 1 : 0;
    case 'BII':
    case 'BV':
      return t === s ? (-2) ** s : 0;
    case 'FBII':
      return t <= order ? (-2) ** s : 0;
    case 'Moebius':
      return (-2) ** s;
    case 'SII':
    case 'SV':
      return toNumber(shapley(t, s));
    case 'k-SII':
      return s <= order ? toNumber(aggregated(t, s, order)) : 0;
    case 'STII':
      return s <= order ? toNumber(taylor(t, s, order)) : 0;
    case 'FSII':
      return s <= order ? toNumber(faithful(t, s, order)) : 0;
    default:
      throw new WebspexError('usage', `index: expected one of ${INDEX_NAMES.join(', ')}, got ${String(index)}; choose one of them`);
  }
}

/** `indexWeight` of one index and order, each weight computed once. */
export function weightsOf(index: IndexName, order: number): (t: number, s: number) => number {
  const known = new Map<number, number>();
  return (t, s) => {
    const key = t * 65536 + s;
    let weight = known.get(key);
    if (weight === undefined) {
      weight = indexWeight(index, order, t, s);
      known.set(key, weight);
    }
    return weight;
  };
}
