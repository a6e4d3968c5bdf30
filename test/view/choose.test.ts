import { describe, expect, it } from 'vitest';
import {
  gradeOf,
  labelsOf,
  mainEffects,
  niceScale,
  plainLabel,
  probabilityOf,
  readableLabels,
  topInteractions,
  uncertain,
} from '../../src/view/choose.ts';
import { drawn } from './support.ts';

const one = (value: number, se: number, ...members: number[]) => ({ members, value, se });

describe('labels', () => {
  it('number a word that stands in the text more than once, whatever its case, and no other', () => {
    const e = drawn([], ['Not', 'bad', 'not', 'good']);
    expect(labelsOf(e).map(plainLabel)).toEqual(['Not₁', 'bad', 'not₃', 'good']);
  });

  it('do not take __proto__ or constructor for words seen before', () => {
    expect(readableLabels(drawn([], ['__proto__', 'constructor', 'x']))).toEqual(['__proto__', 'constructor', 'x']);
  });

  it('write out characters that would hide or reorder others', () => {
    expect(readableLabels(drawn([], ['a\u202eb', '\u0000', '\ud800']))).toEqual(['a\\u{202e}b', '\\u{0}', '\ufffd']);
  });
});

describe('the top list', () => {
  const many = { smallest: 1, most: 12, least: 0 };

  it('leaves out what is within two standard errors of zero', () => {
    const list = [one(1, 0.51, 0), one(-1, 0.49, 1), one(0.2, 0.01, 2), one(9, 5, 3)];
    expect(list.map(uncertain)).toEqual([true, false, false, true]);
    expect(topInteractions(list, many).map((i) => i.members[0])).toEqual([1, 2]);
  });

  it('fills up with uncertain ones only where there are few certain ones, and still goes by size', () => {
    const list = [one(1, 2, 0), one(0.9, 2, 1), one(0.5, 0.1, 2)];
    expect(topInteractions(list, { smallest: 1, most: 12, least: 2 }).map((i) => i.members[0])).toEqual([0, 2]);
  });

  it('never shows a rounding error of an exact transform', () => {
    expect(topInteractions([one(3, 0, 0), one(1e-9, 0, 1)], { smallest: 1, most: 12, least: 12 })).toHaveLength(1);
  });

  it('starts at the order that is asked for and holds no more than is asked for', () => {
    const list = [one(5, 0, 0), one(4, 0, 0, 1), one(3, 0, 1, 2), one(2, 0, 0, 1, 2)];
    expect(topInteractions(list, { smallest: 2, most: 2, least: 0 }).map((i) => i.value)).toEqual([4, 3]);
  });
});

describe('numbers', () => {
  it('give every player an effect by itself, 0 where the document has none', () => {
    expect(mainEffects(3, [one(5, 0.1, 1), one(4, 0, 0, 1)]).map((i) => i.value)).toEqual([0, 5, 0]);
  });

  it('grade a fit at 0.7 and 0.5, and call exact only what held nothing out', () => {
    const { fit } = drawn([]);
    const grades = [0.7, 0.699, 0.5, 0.499, -3].map((r2) => gradeOf({ ...fit, r2 }));
    expect(grades).toEqual(['good', 'fair', 'fair', 'poor', 'poor']);
    expect(gradeOf({ ...fit, r2: 1, heldOut: 0 })).toBe('exact');
  });

  it('turn log-odds, log-probabilities and probabilities into a probability, and nothing else', () => {
    expect(probabilityOf('log-odds', 0)).toBe(0.5);
    expect(probabilityOf('log-prob', Math.log(0.25))).toBeCloseTo(0.25, 12);
    expect(probabilityOf('prob', 0.3)).toBe(0.3);
    expect(probabilityOf('logit', 3)).toBeNull();
  });

  it('find a scale that is round, never below the largest value and never more than half as much again', () => {
    for (let x = 1e-4; x < 1e5; x *= 1.07) {
      const scale = niceScale(x);
      expect(scale).toBeGreaterThanOrEqual(x * (1 - 1e-9));
      expect(scale).toBeLessThanOrEqual(1.51 * x);
      expect(Number(scale.toPrecision(2))).toBeCloseTo(scale, 9);
    }
    expect(niceScale(0)).toBe(1);
  });
});
