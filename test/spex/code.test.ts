import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.ts';
import { type Code, codeSize, createCode } from '../../src/spex/code.ts';
import { createDecoder, type Decoded, decodeHard, decodeSoft, lightestSubsets } from '../../src/spex/decode.ts';
import { conjugates, createField } from '../../src/spex/field.ts';
import { thrownBy } from '../model/support.ts';

/** Delays of one player as an array of bits. */
function delaysOf({ width, signatures, p }: Code, player: number): number[] {
  return Array.from({ length: p }, (_, i) => (signatures[player * width + ((i + 1) >> 5)] >>> ((i + 1) & 31)) & 1);
}

function parityOf(code: Code, members: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(code.p);
  for (const j of members) for (const [i, bit] of delaysOf(code, j).entries()) bits[i] ^= bit;
  return bits;
}

function distinct(random: Random, count: number, below: number): number[] {
  const out = new Set<number>();
  while (out.size < count) out.add(random.below(below));
  return [...out].sort((a, b) => a - b);
}

/** Every set of at most t errors among players and parity bits by the parity it leaves: what bounded-distance decoding means, by listing. */
function everyError(code: Code): Map<string, Decoded> {
  const columns = [
    ...Array.from({ length: code.n }, (_, j) => delaysOf(code, j)),
    ...Array.from({ length: code.p }, (_, i) => Array.from({ length: code.p }, (_, k) => (k === i ? 1 : 0))),
  ];
  const out = new Map<string, Decoded>();
  const visit = (from: number, bits: readonly number[], chosen: readonly number[]) => {
    const key = bits.join('');
    expect(out.has(key), 'two errors of weight ≤ t with the same parity: the distance would be too small').toBe(false);
    out.set(key, { members: chosen.filter((c) => c < code.n), errors: chosen.length });
    if (chosen.length === code.t) return;
    for (let c = from; c < columns.length; c++)
      visit(
        c + 1,
        bits.map((b, i) => b ^ columns[c][i]),
        [...chosen, c],
      );
  };
  visit(0, new Array(code.p).fill(0), []);
  return out;
}

describe('the field', () => {
  it('has a primitive element in every degree: its powers are all elements but 0', () => {
    for (let m = 3; m <= 18; m++) {
      const { order, exp, log } = createField(m);
      expect(new Set(exp.subarray(0, order)).size).toBe(order);
      for (const e of [1, 2, 5, order - 1]) expect(log[exp[e]]).toBe(e);
    }
    expect(thrownBy(() => createField(19)).code).toBe('usage');
  });

  it('lists conjugates, whose number is the degree of the minimal polynomial', () => {
    expect(conjugates({ order: 15 }, 1)).toEqual([1, 2, 4, 8]);
    expect(conjugates({ order: 15 }, 5)).toEqual([5, 10]);
  });
});

describe('the code', () => {
  it('has the lengths of the published table for five errors, and those recomputed for fewer', () => {
    const table = [
      [11, 20],
      [36, 27],
      [92, 35],
      [215, 40],
      [466, 45],
      [973, 50],
      [1992, 55],
    ];
    table.forEach(([most, p], row) => {
      expect(codeSize(most, 5).p).toBe(p);
      expect(codeSize(row === 0 ? 2 : table[row - 1][0] + 1, 5).p).toBe(p);
    });
    for (const [n, p2, p3, p4] of [
      [10, 10, 15, 20],
      [20, 10, 18, 24],
      [50, 12, 21, 28],
      [100, 14, 21, 32],
      [200, 16, 24, 32],
      [500, 20, 30, 40],
      [1000, 20, 33, 44],
    ])
      expect([2, 3, 4].map((t) => codeSize(n, t).p)).toEqual([p2, p3, p4]);
  });

  it('refuses players and errors out of range', () => {
    for (const [n, t] of [
      [0, 5],
      [2.5, 5],
      [10, 0],
      [300_000, 5],
    ])
      expect(thrownBy(() => codeSize(n, t)).code).toBe('usage');
  });

  it.each([
    [4, 2],
    [7, 2],
    [6, 3],
    [11, 3],
  ])('decodes every word as listing all errors does: %i players, %i errors', (n, t) => {
    const code = createCode(n, t);
    const decoder = createDecoder(code);
    const errors = everyError(code);
    const random = createRandom(3);
    // All 2^p words where they are few, else all that have an answer and as many at random.
    const words: string[] =
      code.p <= 12 ? Array.from({ length: 2 ** code.p }, (_, w) => w.toString(2).padStart(code.p, '0')) : [...errors.keys()];
    if (code.p > 12) for (let i = 0; i < 4000; i++) words.push(Array.from({ length: code.p }, () => random.below(2)).join(''));
    let failures = 0;
    for (const word of words) {
      const got = decodeHard(decoder, Array.from(word, Number));
      const want = errors.get(word) ?? null;
      if (!want) failures++;
      expect(got).toEqual(want);
    }
    expect(failures).toBeGreaterThan(words.length / 4);
  });

  it.each([20, 64, 100, 300, 1000, 2000])('finds up to five players, or fewer and wrong bits, five in all, among %i', (n) => {
    const code = createCode(n, 5);
    const decoder = createDecoder(code);
    const random = createRandom(n);
    for (let trial = 0; trial < 300; trial++) {
      const members = distinct(random, trial % 6, n);
      const bits = parityOf(code, members);
      for (const i of distinct(random, random.below(6 - members.length), code.p)) bits[i] ^= 1;
      expect(decodeHard(decoder, bits)?.members).toEqual(members);
    }
  });
});

describe('soft decoding', () => {
  it('tries patterns of the least reliable bits by ascending weight, as sorting all of them does', () => {
    const random = createRandom(8);
    const weights = Array.from({ length: 8 }, () => random.uniform()).sort((a, b) => a - b);
    const sumOf = (set: number) => weights.reduce((sum, w, i) => sum + ((set >> i) & 1 ? w : 0), 0);
    const sorted = Array.from({ length: 256 }, (_, set) => set).sort((a, b) => sumOf(a) - sumOf(b));
    expect(lightestSubsets(weights, 36)).toEqual(sorted.slice(0, 36));
    expect(lightestSubsets(weights, 999)).toEqual(sorted);
    expect(lightestSubsets([], 5)).toEqual([0]);
  });

  it('equals Chase decoding written out: the fewest errors over the likeliest flips, the likelier first among equals', () => {
    const code = createCode(10, 2);
    const decoder = createDecoder(code);
    const errors = everyError(code);
    const random = createRandom(4);
    let saved = 0;
    for (let trial = 0; trial < 500; trial++) {
      const clean = parityOf(code, distinct(random, trial % 3, code.n));
      const word = Float64Array.from(clean, (bit) => (bit ? -1 : 1) + 0.9 * random.normal());
      const hard = Array.from(word, (w) => (w < 0 ? 1 : 0));
      const weak = [...word.keys()].sort((a, b) => Math.abs(word[a]) - Math.abs(word[b])).slice(0, 4);
      const flips = Array.from({ length: 16 }, (_, set) => weak.filter((_, i) => (set >> i) & 1));
      const cost = (flip: readonly number[]) => flip.reduce((sum, i) => sum + Math.abs(word[i]), 0);
      let want = errors.get(hard.join('')) ?? null;
      const met = new Set<string>();
      if (!want)
        for (const flip of flips.sort((a, b) => cost(a) - cost(b)).slice(0, 10)) {
          const found = errors.get(hard.map((bit, i) => (flip.includes(i) ? 1 - bit : bit)).join(''));
          if (found && !met.has(found.members.join()) && (!want || found.errors < want.errors)) want = found;
          if (found) met.add(found.members.join());
          saved += found ? 1 : 0;
        }
      expect(decodeSoft(decoder, word)).toEqual(want);
    }
    expect(saved).toBeGreaterThan(50);
  });
});
