import { describe, expect, it } from 'vitest';
import { readingOf, type ScoreQuestion } from '../../src/lens/scores.ts';
import { thrownBy } from '../model/support.ts';

/** float32 in, float64 out. */
const CLOSE = 1e-6;
const value = (row: number[], question: ScoreQuestion, output = 'out') => {
  const rows = { values: Float32Array.from(row), width: row.length };
  return readingOf(rows, output, undefined, question).read(rows, 0);
};
const close = (got: number, want: number) => expect(Math.abs(got - want)).toBeLessThan(CLOSE * Math.max(1, Math.abs(want)));
const lse = (...z: number[]) => Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0));

describe('what is read off an output', () => {
  it('of logits is log-odds, logit, log-prob or prob of the target, by default of the largest', () => {
    const z = [1, -2, 3];
    close(value(z, {}), 3 - lse(1, -2));
    close(value(z, { target: '0' }), 1 - lse(-2, 3));
    close(value(z, { target: '1', scalar: 'logit' }), -2);
    close(value(z, { target: '1', scalar: 'log-prob' }), -2 - lse(...z));
    close(value(z, { target: '1', scalar: 'prob' }), Math.exp(-2 - lse(...z)));
  });

  it('of numbers that sum to 1 is taken from probabilities, saturated ones at the last bit of float32', () => {
    close(value([0.25, 0.75], {}), Math.log(3));
    close(value([0.25, 0.75], { target: '0', scalar: 'log-prob' }), Math.log(0.25));
    close(value([0, 1], {}), Math.log(2 ** 24));
    close(value([0, 1], { target: '0' }), -Math.log(2 ** 24));
  });

  it('of one number is that number, or log-odds where that is what is asked: of a logit, or under a name that says probability', () => {
    close(value([0.3], {}), 0.3);
    close(value([-2], { scalar: 'log-odds' }), -2);
    close(value([-2], { scalar: 'prob' }), 1 / (1 + Math.exp(2)));
    close(value([40], { scalar: 'log-prob' }), -Math.exp(-40));
    close(value([0.2], { scalar: 'log-odds' }, 'probability'), Math.log(0.25));
    close(value([0.2], { scalar: 'log-odds', scores: 'probabilities' }), Math.log(0.25));
  });

  it('may be said: numbers that only look like probabilities are logits where that is named', () => {
    close(value([0.25, 0.75], { scores: 'logits' }), 0.5);
  });

  it('is never taken from what is not finite', () => {
    expect(thrownBy(() => value([Number.NaN, 1], {})).code).toBe('non-finite');
    const rows = { values: Float32Array.of(1, 2, 1, Number.POSITIVE_INFINITY), width: 2 };
    const reading = readingOf({ values: rows.values.subarray(0, 2), width: 2 }, 'logits', undefined, {});
    expect(thrownBy(() => reading.read(rows, 1))).toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/for mask 1 of the batch/),
    });
  });
});
