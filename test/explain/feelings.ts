import type { Model } from '../../src/model/model.ts';
import { modelOf, tokenizer } from '../lens/text/support.ts';

export const GOOD = ['wonderful', 'superb', 'brilliant', 'great', 'fine', 'lovely'];
export const BAD = ['awful', 'dull', 'poor', 'boring', 'bad', 'weak'];
const PLAIN = ['the', 'film', 'is', 'a', 'story', 'of', 'some', 'people', 'in', 'one', 'town', 'and', 'their', 'year', 'there', 'with'];
export const idOf = (word: string) => tokenizer.encode(word).ids[0];
const weights = new Map([...GOOD.map((w) => [idOf(w), 1] as const), ...BAD.map((w) => [idOf(w), -1.2] as const)]);

/** A classifier that adds up words of feeling, whose rows in its table point one way; an odd pair of plain words counts a little. */
export const feelingModel: Model = {
  ...modelOf(['negative', 'positive'], (ids) => {
    const sum = ids.reduce((s, id) => s + (weights.get(id) ?? 0.02 * Math.sin(id)), 0);
    return [-Math.tanh(sum), Math.tanh(sum)];
  }),
  words: { width: 3, row: (token, out) => out.set([weights.has(token) ? 1 : -0.2, Math.sin(token), Math.cos(7 * token)]) },
};

/** 18 words, of which two count; no two texts alike. */
export const textOf = (t: number) =>
  Array.from({ length: 18 }, (_, i) => {
    if (i === (3 * t) % 18) return GOOD[t % 6];
    return i === (3 * t + 7) % 18 ? BAD[t % 6] : PLAIN[(5 * t + 3 * i) % 16];
  }).join(' ');
