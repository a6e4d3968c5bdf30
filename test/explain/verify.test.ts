import { describe, expect, it } from 'vitest';
import {
  allMasks,
  controlPair,
  corners,
  type Explanation,
  evaluateSpectrum,
  jointEffect,
  predictRows,
  spectrumFromTerms,
} from '../../src/index.ts';

/** Sums of a few float64 terms of the order of one. */
const FLOAT64 = 1e-12;

const players = (n: number) => Array.from({ length: n }, (_, id) => ({ id, label: `x${id}`, start: 0, end: 0 }));
const explanationOf = (n: number, terms: readonly [number[], number][], seed = 7): Pick<Explanation, 'players' | 'spectrum' | 'seed'> => ({
  players: players(n),
  spectrum: terms.map(([members, coefficient]) => ({ members, coefficient })),
  seed,
});

describe('the corners of an interaction', () => {
  it('are all 2ᵏ ways to mask its members, the whole text first, everything else kept', () => {
    expect(corners(4, [1, 3])).toEqual([
      [1, 1, 1, 1],
      [1, 0, 1, 1],
      [1, 1, 1, 0],
      [1, 0, 1, 0],
    ]);
    const rows = corners(6, [0, 2, 5]);
    expect(new Set(rows.map(String)).size).toBe(8);
    for (const row of rows) expect([row[1], row[3], row[4]]).toEqual([1, 1, 1]);
    expect(corners(2, [])).toEqual([[1, 1]]);
  });

  it('give the joint effect by inclusion–exclusion: what a product adds, and nothing of what adds up', () => {
    const value = (row: readonly number[]) => 1 + 3 * row[0] - 2 * row[1] + 5 * row[0] * row[1] + 7 * row[0] * row[1] * row[2];
    expect(jointEffect(corners(3, [0, 1]).map(value))).toBe(12);
    expect(jointEffect(corners(3, [0, 1, 2]).map(value))).toBe(7);
    expect(jointEffect(corners(3, [2]).map(value))).toBe(7);
    expect(jointEffect(corners(4, [2, 3]).map(value))).toBe(0);
  });
});

describe('what an explanation predicts for rows of players', () => {
  it('is its spectrum at those masks', () => {
    const terms: [number[], number][] = [
      [[], 0.5],
      [[0], -1],
      [[1, 2], 2],
      [[0, 1, 3], 0.25],
    ];
    const masks = allMasks(4);
    const rows = Array.from(masks.words, (word) => [0, 1, 2, 3].map((i) => (word >> i) & 1));
    const wanted = evaluateSpectrum(spectrumFromTerms(4, terms), masks);
    predictRows(explanationOf(4, terms), rows).forEach((value, r) => {
      const byHand = terms.reduce((sum, [members, c]) => sum + (members.filter((m) => rows[r][m]).length % 2 ? -c : c), 0);
      expect(Math.abs(value - wanted[r])).toBeLessThan(FLOAT64);
      expect(Math.abs(value - byHand)).toBeLessThan(FLOAT64);
    });
  });
});

describe('the control pair', () => {
  it('is one that no frequency joins, and depends on the seed alone', () => {
    const terms: [number[], number][] = [
      [[0, 1, 2], 1],
      [[3, 4], 1],
      [[5], 1],
    ];
    const drawn = Array.from({ length: 40 }, (_, seed) => controlPair(explanationOf(6, terms, seed)) as [number, number]);
    for (const [a, b] of drawn) {
      expect(a).toBeLessThan(b);
      expect(terms.some(([members]) => members.includes(a) && members.includes(b))).toBe(false);
    }
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(5);
    expect(controlPair(explanationOf(6, terms, 3))).toEqual(drawn[3]);
  });

  it('is the one that does least together where all are joined', () => {
    const terms: [number[], number][] = [
      [[0, 1], 1],
      [[0, 2], -0.01],
      [[1, 2], 2],
    ];
    expect(controlPair(explanationOf(3, terms))).toEqual([0, 2]);
  });

  it('is never part of what is verified, and null where no other pair is left', () => {
    for (let seed = 0; seed < 20; seed++) expect(controlPair(explanationOf(3, [], seed), [0, 1])).not.toEqual([0, 1]);
    expect(controlPair(explanationOf(2, []), [0, 1])).toBeNull();
    expect(controlPair(explanationOf(1, []))).toBeNull();
  });
});
