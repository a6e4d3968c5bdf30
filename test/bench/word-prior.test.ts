import { describe, expect, it } from 'vitest';
import type { BenchContext } from '../../src/bench/harness.ts';
import { wordPriorRows } from '../../src/bench/word-prior.ts';
import { feelingModel, textOf } from '../explain/feelings.ts';

const said: string[] = [];
const context: BenchContext = {
  commit: 'abc',
  cpuSeconds: () => 0,
  backends: [],
  readText: async () => '',
  report: (line) => {
    said.push(line);
  },
};
const SIZES = { learned: 64, budgets: [16, 64], fresh: 60 };

describe('the benchmark of word priors', () => {
  it('finds that texts of one model help each other, most where passes are few', async () => {
    const texts = Array.from({ length: 7 }, (_, t) => textOf(t));
    const rows = await wordPriorRows(context, feelingModel, ['Too short.', ...texts], SIZES);
    expect(rows.map(({ id, unit, commit }) => [id, unit, commit])).toEqual([
      ['word-prior-16', 'R²', 'abc'],
      ['word-prior-64', 'R²', 'abc'],
    ]);
    const [few, many] = rows;
    expect(few.details.texts).toBe(7);
    expect(few.details.meanGain).toBeGreaterThan(0.01);
    expect(few.details.better).toBeGreaterThan(4);
    expect(few.ours - Number(few.details.without)).toBeCloseTo(Number(few.details.meanGain), 3);
    expect(Number(many.details.without)).toBeGreaterThan(Number(few.details.without));
    expect(said.at(-1)).toBe('word-prior: explaining text 7 of 7 from 16, 64 passes');
  });

  it('wants six texts of a length that can be measured', async () => {
    const texts = Array.from({ length: 5 }, (_, t) => textOf(t));
    await expect(wordPriorRows(context, feelingModel, [...texts, 'Short.'], SIZES)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/at least 6 texts of 16 to 48 words, got 5/),
    });
  });
});
