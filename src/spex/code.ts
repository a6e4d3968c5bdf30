import { WebspexError } from '../core/errors.ts';
import { conjugates, createField, type Field } from './field.ts';

/**
 * A narrow-sense binary BCH code that corrects t errors, systematic and shortened to n information places, of which SPEX uses the parity
 * part: player j stands at degree p + n − 1 − j, parity bit i at degree p − 1 − i, and the delays are the parity bits of the players.
 */
export interface Code {
  readonly n: number;
  readonly t: number;
  /** Parity bits; one delay each beside the empty one. */
  readonly p: number;
  readonly field: Field;
  /** 32-bit words of one signature: p + 1 bits, bit 0 for the empty delay. */
  readonly width: number;
  /** n × width: bit i of player j is 1 where delay i holds player j; bit 0 is 0. */
  readonly signatures: Uint32Array;
}

/** Degree and number of parity bits of the smallest code for n players and t errors. @throws usage beyond the largest field. */
export function codeSize(n: number, t: number): { m: number; p: number } {
  if (!Number.isInteger(n) || n < 1)
    throw new WebspexError('usage', `code: expected at least 1 player, got ${n}; pass the number of players`);
  if (!Number.isInteger(t) || t < 1 || t > 16)
    throw new WebspexError('usage', `code: expected to correct 1 to 16 errors, got ${t}; SPEX uses 5, at least 2`);
  for (let m = Math.max(3, Math.ceil(Math.log2(2 * t + 2))); m <= 18; m++) {
    const p = rootsOf(2 ** m - 1, t).size;
    if (2 ** m - 1 - p >= n) return { m, p };
  }
  throw new WebspexError('usage', `code: expected at most ${2 ** 18 - 1 - 18 * t} players, got ${n}; use coarser units`);
}

/** Exponents of the roots of the generator: α … α^2t and their conjugates. */
function rootsOf(order: number, t: number): Set<number> {
  const roots = new Set<number>();
  for (let e = 1; e < 2 * t; e += 2) for (const x of conjugates({ order }, e)) roots.add(x);
  return roots;
}

/** Coefficients of Π (x − α^e) over the roots, from x^0 up; they are 0 or 1, since conjugates come together. */
function generatorOf({ order, exp, log }: Field, roots: Iterable<number>): Uint8Array {
  let g = [1];
  for (const e of roots) {
    const next = [0, ...g];
    for (let d = 0; d < g.length; d++) if (g[d] !== 0) next[d] ^= exp[(log[g[d]] + e) % order];
    g = next;
  }
  return Uint8Array.from(g);
}

/** The smallest code of its kind for n players. @throws usage where n or t is out of range. */
export function createCode(n: number, t: number): Code {
  const { m, p } = codeSize(n, t);
  const field = createField(m);
  const generator = generatorOf(field, rootsOf(field.order, t));
  const width = Math.ceil((p + 1) / 32);
  const signatures = new Uint32Array(n * width);
  // x^degree mod g, one degree after the other: a shift register.
  const rest = new Uint8Array(p);
  rest.set(generator.subarray(0, p));
  for (let j = n - 1; j >= 0; j--) {
    for (let i = 0; i < p; i++) if (rest[p - 1 - i]) signatures[j * width + ((i + 1) >> 5)] |= 1 << ((i + 1) & 31);
    const top = rest[p - 1];
    rest.copyWithin(1, 0, p - 1);
    rest[0] = 0;
    if (top) for (let d = 0; d < p; d++) rest[d] ^= generator[d];
  }
  return { n, t, p, field, width, signatures };
}
