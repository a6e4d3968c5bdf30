import { describe, expect, it } from 'vitest';
import { parity, popcount } from '../../src/core/bits.ts';
import { cholesky, solveCholesky } from '../../src/core/linalg.ts';
import {
  allMasks,
  concatMasks,
  createMasks,
  isPresent,
  maskKey,
  masksFromRows,
  pickMasks,
  setPresent,
  sliceMasks,
} from '../../src/core/masks.ts';
import { createRandom, shuffle } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';

const WIDTHS = [1, 2, 5, 31, 32, 33, 64, 1000];

describe('masks', () => {
  it.each(WIDTHS)('hold any pattern of %i players', (n) => {
    const random = createRandom(n);
    const rows = Array.from({ length: 5 }, () => Array.from({ length: n }, () => random.below(2)));
    const masks = masksFromRows(rows);
    rows.forEach((row, r) => {
      expect(row.map((_, i) => Number(isPresent(masks, r, i)))).toEqual(row);
    });
    setPresent(masks, 2, n - 1, rows[2][n - 1] === 0);
    expect(isPresent(masks, 2, n - 1)).toBe(rows[2][n - 1] === 0);
    const picked = pickMasks(masks, [4, 0]);
    expect(maskKey(picked, 0)).toBe(maskKey(masks, 4));
    expect(maskKey(concatMasks(sliceMasks(masks, 1, 3), picked), 3)).toBe(maskKey(masks, 0));
  });

  it('refuse sizes that make no sense', () => {
    expect(() => createMasks(0, 1)).toThrow(/at least 1 player/);
    expect(() => createMasks(3, -1)).toThrow(/whole number/);
    expect(() => allMasks(30)).toThrow(/at most 24/);
    expect(() => concatMasks(createMasks(3, 1), createMasks(4, 1))).toThrow(/3 players/);
  });
});

describe('paired masks', () => {
  it.each(WIDTHS)('of %i players are distinct and complementary, begin with all and none, and extend without change', (n) => {
    const long = pairedMasks(n, 300, 5);
    const short = pairedMasks(n, 40, 5);
    expect(long.count).toBe(Math.min(300, n < 20 ? 2 ** n : 300));
    const keys = Array.from({ length: long.count }, (_, r) => maskKey(long, r));
    expect(new Set(keys).size).toBe(long.count);
    for (let i = 0; i < n; i++) {
      expect(isPresent(long, 0, i)).toBe(true);
      for (let r = 0; r < long.count; r += 2) expect(isPresent(long, r, i)).toBe(!isPresent(long, r + 1, i));
    }
    for (let r = 0; r < short.count; r++) expect(maskKey(short, r)).toBe(keys[r]);
  });

  it('reach all 2ⁿ masks', () => {
    for (let n = 1; n <= 10; n++) expect(new Set(pairedMasks(n, 2 ** n, 3).words).size).toBe(2 ** n);
  });

  it('are uniform: every player and every pair of players is kept half and a quarter of the time', () => {
    for (const n of [12, 40]) {
      const count = 4000;
      const masks = pairedMasks(n, count, 1);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < i; j++) {
          let both = 0;
          for (let r = 0; r < count; r++) if (isPresent(masks, r, i) && isPresent(masks, r, j)) both++;
          // 2,000 independent pairs: a share of ¼ with standard deviation 0.011; five of them.
          expect(Math.abs(both / count - 0.25)).toBeLessThan(0.055);
        }
    }
  });

  it('differ from seed to seed', () => {
    expect(pairedMasks(40, 50, 1).words).not.toEqual(pairedMasks(40, 50, 2).words);
  });
});

describe('bits, random numbers and small systems', () => {
  it('count bits', () => {
    for (const v of [0, 1, 0xffffffff, 0x80000001, 0x12345678]) {
      const ones = (v >>> 0).toString(2).replaceAll('0', '').length;
      expect(popcount(v)).toBe(ones);
      expect(parity(v)).toBe(ones % 2);
    }
  });

  it('draw evenly: chi-square of 16 cells, and a shuffle that moves everything everywhere', () => {
    const random = createRandom(3);
    const cells = new Array(16).fill(0);
    for (let i = 0; i < 16_000; i++) cells[random.below(16)]++;
    expect(cells.reduce((s, c) => s + (c - 1000) ** 2 / 1000, 0)).toBeLessThan(37.7); // 99.9 % point at 15 degrees of freedom
    const places = new Array(5).fill(0);
    for (let i = 0; i < 5000; i++) places[shuffle([0, 1, 2, 3, 4], random).indexOf(0)]++;
    for (const p of places) expect(Math.abs(p - 1000)).toBeLessThan(150);
    const normals = Array.from({ length: 4000 }, () => random.normal());
    expect(Math.abs(normals.reduce((a, b) => a + b) / 4000)).toBeLessThan(0.08);
    expect(Math.abs(normals.reduce((a, b) => a + b * b) / 4000 - 1)).toBeLessThan(0.12);
  });

  it('solve: Cholesky leaves no residual', () => {
    const k = 40;
    const random = createRandom(8);
    const half = Float64Array.from({ length: k * k }, () => random.normal());
    const a = new Float64Array(k * k);
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) for (let p = 0; p < k; p++) a[i * k + j] += half[i * k + p] * half[j * k + p] + (i === j ? 1 / k : 0);
    const b = Float64Array.from({ length: k }, () => random.normal());
    const residual = (x: Float64Array) => Math.max(...b.map((v, i) => Math.abs(v - x.reduce((s, xj, j) => s + a[i * k + j] * xj, 0))));
    expect(residual(solveCholesky(cholesky(a, k), k, b))).toBeLessThan(1e-9);
    expect(() => cholesky(new Float64Array([1, 2, 2, 1]), 2)).toThrow(/positive pivot/);
  });
});
