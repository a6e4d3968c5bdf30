import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { type ExplainedText, expectedOf, LEAST_TEXTS, learnWords, MOST_WORDS } from '../../../src/lens/text/word-prior.ts';
import type { WordTable } from '../../../src/model/model.ts';
import { tableOf } from './support.ts';

const WIDTH = 12;
const VOCABULARY = 60;

/** Influences along one direction of the table, with noise; texts draw their words from the vocabulary. */
function textsOf(table: WordTable, count: number, length: number, noise: number, seed: number): ExplainedText[] {
  const random = createRandom(seed);
  const row = new Float32Array(table.width);
  return Array.from({ length: count }, () => {
    const words = Array.from({ length }, () => [Math.floor(random.uniform() * VOCABULARY)]);
    const influences = words.map(([token]) => {
      table.row(token, row);
      return row[0] + row[1] + noise * random.normal();
    });
    const mean = influences.reduce((a, b) => a + b, 0) / length;
    return { words, influences: influences.map((v) => v - mean) };
  });
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

describe('what other texts say of words', () => {
  const table = tableOf(VOCABULARY, WIDTH, 3);

  it('orders the words of a text not learned from, and says how well by texts left out', () => {
    const learned = learnWords(textsOf(table, 20, 15, 0.3, 1), table);
    const [unseen] = textsOf(table, 1, 30, 0, 2);
    expect(learned?.texts).toBe(20);
    expect(learned?.r2).toBeGreaterThan(0.6);
    const expected = expectedOf(unseen.words, learned as NonNullable<typeof learned>, table);
    expect(correlation(expected, unseen.influences)).toBeGreaterThan(0.9);
    expect(Math.abs(expected.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9);
  });

  it('is ridge by the normal equations, whichever is larger: words or the width of the table', () => {
    for (const [count, length] of [
      [5, 2],
      [9, 20],
    ] as const) {
      const texts = textsOf(table, count, length, 0.1, 4);
      const learned = learnWords(texts, table) as NonNullable<ReturnType<typeof learnWords>>;
      // At the optimum of ridge Xᵀ(y − Xw) is the penalty times w, for one penalty.
      const residual = new Float64Array(WIDTH);
      for (const { words, influences } of texts) {
        const rows = rowsOf(words, learned.middle, table);
        const fitted = expectedOf(words, learned, table);
        for (const [i, row] of rows.entries()) for (let c = 0; c < WIDTH; c++) residual[c] += row[c] * (influences[i] - fitted[i]);
      }
      const penalty = residual[0] / learned.weights[0];
      expect([0.3, 1, 3, 10, 30].some((known) => Math.abs(penalty / known - 1) < 1e-6)).toBe(true);
      for (let c = 0; c < WIDTH; c++) expect(residual[c]).toBeCloseTo(penalty * learned.weights[c], 6);
    }
  });

  it('expects nothing after fewer than five texts, or where words say nothing of texts left out', () => {
    expect(learnWords(textsOf(table, LEAST_TEXTS - 1, 15, 0, 1), table)).toBeNull();
    expect(learnWords(textsOf(table, LEAST_TEXTS, 15, 0, 1), table)).not.toBeNull();
    const random = createRandom(8);
    const noise = textsOf(table, 30, 15, 0, 5).map(({ words }) => ({ words, influences: words.map(() => random.normal()) }));
    expect(learnWords(noise, table)).toBeNull();
  });

  it('learns from the newest texts where there are more words than it takes, and never from one word alone', () => {
    const many = textsOf(table, 40, 40, 0.1, 6);
    const learned = learnWords(many, table);
    expect(learned?.texts).toBe(Math.floor(MOST_WORDS / 40));
    expect(learned).toEqual(learnWords(many.slice(-Math.floor(MOST_WORDS / 40)), table));
    // Those that do not fit are passed over, however few are left.
    const long = textsOf(table, LEAST_TEXTS, MOST_WORDS, 0.1, 9);
    expect(learnWords(long, table)).toBeNull();
    const tooLong = textsOf(table, 1, MOST_WORDS + 1, 0.1, 9);
    expect(learnWords([...many.slice(0, 6), ...tooLong], table)).toEqual(learnWords(many.slice(0, 6), table));
    const single = textsOf(table, 10, 1, 0, 7);
    expect(learnWords([...single, ...many.slice(0, LEAST_TEXTS - 1)], table)).toBeNull();
  });

  it('takes a player of several tokens as their middle, and has no number for one that is the middle itself', () => {
    const learned = learnWords(textsOf(table, 20, 15, 0, 1), table) as NonNullable<ReturnType<typeof learnWords>>;
    const [both, single] = expectedOf([[3, 3], [3]], learned, table);
    expect(both).toBeCloseTo(single, 12);
    const flat: WordTable = { width: 2, row: (_, out) => out.fill(1) };
    expect(learnWords(textsOf(table, 8, 4, 0, 1), flat)).toBeNull();
  });
});

/** Rows as the regression sees them, by hand. */
function rowsOf(words: ExplainedText['words'], middle: Float64Array, table: WordTable): number[][] {
  const room = new Float32Array(WIDTH);
  const units = words.map(([token]) => {
    table.row(token, room);
    const away = Array.from(room, (v, c) => v - middle[c]);
    const length = Math.hypot(...away);
    return away.map((v) => v / length);
  });
  const mean = Array.from({ length: WIDTH }, (_, c) => units.reduce((sum, row) => sum + row[c], 0) / units.length);
  return units.map((row) => row.map((v, c) => v - mean[c]));
}
