/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly top: bigint;
  readonly bottom: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** top/bottom in lowest terms. */
export function rational(top: bigint | number, bottom: bigint | number = 1n): Rational {
  const [a, b] = [BigInt(top), BigInt(bottom)];
  const sign = b < 0n ? -1n : 1n;
  const common = gcd(a, b < 0n ? -b : b) || 1n;
  return { top: (sign * a) / common, bottom: (sign * b) / common };
}

export const ZERO = rational(0);

export function plus(a: Rational, b: Rational): Rational {
  return rational(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
}

export function times(a: Rational, b: Rational): Rational {
  return rational(a.top * b.top, a.bottom * b.bottom);
}

/** The nearest float64, or next to it: 64 bits of the quotient are kept before rounding. */
export function toNumber({ top, bottom }: Rational): number {
  if (top === 0n) return 0;
  const size = (v: bigint) => v.toString(2).length;
  const magnitude = top < 0n ? -top : top;
  const shift = 64 - (size(magnitude) - size(bottom));
  const quotient = shift >= 0 ? (magnitude << BigInt(shift)) / bottom : magnitude / (bottom << BigInt(-shift));
  const value = Number(quotient) * 2 ** -shift;
  return top < 0n ? -value : value;
}

/** n over k, exactly. */
export function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let out = 1n;
  for (let i = 1; i <= k; i++) out = (out * BigInt(n - k + i)) / BigInt(i);
  return out;
}

/** Bernoulli numbers with B₁ = −½, exactly. */
export function bernoulliRational(index: number): Rational {
  const known: Rational[] = [rational(1)];
  for (let m = 1; m <= index; m++) {
    let sum = ZERO;
    for (let k = 0; k < m; k++) sum = plus(sum, times(rational(choose(m + 1, k)), known[k]));
    known.push(times(rational(-1, m + 1), sum));
  }
  return known[index];
}

/** Bernoulli number B_index in float64, B₁ = −½. */
export function bernoulli(index: number): number {
  return toNumber(bernoulliRational(index));
}
