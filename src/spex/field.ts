import { WebspexError } from '../core/errors.ts';

/** Arithmetic in GF(2^m) by logarithms to a primitive element α, a root of `polynomial`. */
export interface Field {
  readonly m: number;
  /** 2^m − 1, the order of α. */
  readonly order: number;
  /** α^e for e < 2·order, so that sums of two logarithms need no reduction. */
  readonly exp: Uint32Array;
  /** log[α^e] = e; log[0] is 0 and means nothing. */
  readonly log: Uint32Array;
}

/** Primitive polynomials over GF(2) of degree 3 to 18 as bits, those of Matlab's bchgenpoly: codes built on them equal those of Python's galois. */
const POLYNOMIALS: Readonly<Record<number, number>> = {
  3: 0xb,
  4: 0x13,
  5: 0x25,
  6: 0x43,
  7: 0x89,
  8: 0x11d,
  9: 0x211,
  10: 0x409,
  11: 0x805,
  12: 0x1053,
  13: 0x201b,
  14: 0x4443,
  15: 0x8003,
  16: 0x1100b,
  17: 0x20009,
  18: 0x40027,
};

/** The field of 2^m elements. @throws usage where m is not a whole number from 3 to 18. */
export function createField(m: number): Field {
  const polynomial = POLYNOMIALS[m];
  if (polynomial === undefined) throw new WebspexError('usage', `field: expected a degree from 3 to 18, got ${m}; use fewer players`);
  const order = 2 ** m - 1;
  const exp = new Uint32Array(2 * order);
  const log = new Uint32Array(order + 1);
  for (let e = 0, x = 1; e < order; e++) {
    exp[e] = exp[e + order] = x;
    log[x] = e;
    x <<= 1;
    if (x > order) x ^= polynomial;
  }
  return { m, order, exp, log };
}

/** The powers of α that are conjugate to α^e: e, 2e, 4e, … modulo the order. Their number is the degree of its minimal polynomial. */
export function conjugates({ order }: Pick<Field, 'order'>, e: number): number[] {
  const out: number[] = [];
  for (let x = e % order; !out.includes(x); x = (2 * x) % order) out.push(x);
  return out;
}
