import { describe, expect, it } from 'vitest';
import { masksFromRows } from '../../../src/core/masks.ts';
import { createRandom } from '../../../src/core/random.ts';
import { influencedMargins, influencesOf } from '../../../src/lens/data/influence.ts';
import type { LabelledFeatures } from '../../../src/lens/data/logistic.ts';
import { thrownBy } from '../../model/support.ts';
import { descended } from './descended.ts';

const WIDTH = 3;
const COUNT = 12;
/** By how much a weight is moved, and what central differences of that are off by: its square. */
const STEP = 0.02;
const DIFFERENCE = 1e-3;

const random = createRandom(4);
const data: LabelledFeatures = {
  features: Float32Array.from({ length: COUNT * WIDTH }, () => random.normal()),
  width: WIDTH,
  labels: Uint8Array.from({ length: COUNT }, (_, i) => i % 2),
};
const texts = [
  [0.5, -1, 0.25],
  [-2, 1, 1],
];
const tested = Float32Array.from(texts.flat());
const everyone = new Array<number>(COUNT).fill(1);
const marginsOf = (head: readonly number[]) => texts.map((x) => [...x, 1].reduce((sum, v, c) => sum + v * head[c], 0));

const reweighted = (i: number, weight: number) => everyone.map((v, k) => (k === i ? weight : v));

describe('the influence of single examples', () => {
  it.each([0.5, 3])('with l2 %f is how fast the margin moves as retraining weighs the example more', (l2) => {
    const { margins, effects } = influencesOf(data, descended(data, everyone, l2), tested, l2);
    marginsOf(descended(data, everyone, l2)).forEach((m, t) => {
      expect(margins[t]).toBeCloseTo(m, 6);
    });
    for (const i of [0, 5, 11]) {
      const [up, down] = [1 + STEP, 1 - STEP].map((weight) => marginsOf(descended(data, reweighted(i, weight), l2)));
      texts.forEach((_, t) => {
        const slope = (up[t] - down[t]) / (2 * STEP);
        expect(Math.abs(effects[i * 2 + t] - slope), `example ${i}, text ${t}`).toBeLessThan(DIFFERENCE * Math.max(1, Math.abs(slope)));
      });
    }
  });

  it('under a strong penalty is what leaving the example out changes, to a tenth', () => {
    const l2 = 20;
    const head = descended(data, everyone, l2);
    const { effects } = influencesOf(data, head, tested, l2);
    const largest = Math.max(...effects.map(Math.abs));
    for (let i = 0; i < COUNT; i++) {
      const without = marginsOf(descended(data, reweighted(i, 0), l2));
      marginsOf(head).forEach((m, t) => {
        expect(Math.abs(effects[i * 2 + t] - (m - without[t]))).toBeLessThan(0.1 * largest);
      });
    }
  });

  it('adds up over the examples that a mask leaves out', () => {
    const influences = influencesOf(data, descended(data, everyone, 1), tested, 1);
    const some = everyone.map((_, i) => Number(i !== 2 && i !== 7));
    const margins = influencedMargins(influences, masksFromRows([everyone, some]));
    expect([...margins.subarray(0, 2)]).toEqual([...influences.margins]);
    for (const t of [0, 1])
      expect(margins[2 + t]).toBeCloseTo(influences.margins[t] - influences.effects[4 + t] - influences.effects[14 + t], 12);
  });

  it('of a head of another width is refused', () => {
    const error = thrownBy(() => influencesOf(data, [1, 2], tested));
    expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(/expected a head of 4 numbers .*got 2/)]);
  });
});
