import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Explainer, explainer } from '../../src/text.ts';
import { rejectedBy } from '../model/support.ts';

/** The heads of the exact explanation are trained in other batches than those of single questions: 1e-4 of their weights. */
const TRAINED = 2e-3;
const FOLDER = new URL('../model/golden/tiny/distilbert/', import.meta.url);
const train = ['the a', 'a b the', 'c', 'b b b', 'the c', 'a a a a'].map((text, i) => ({ text, label: i % 2 === 0 ? 'good' : 'bad' }));
const TEXT = 'a the c';

let ex: Explainer;
beforeAll(async () => {
  ex = await explainer('feature-extraction', FOLDER, { device: 'reference' });
});
afterAll(() => ex.destroy());

describe('an explainer for features', () => {
  it('explains a text by training examples: each mask is a head trained without the rest', async () => {
    const e = await ex.explain(TEXT, { lens: 'data', train, target: 'good', method: 'exact', index: 'Moebius' }).result;
    expect(e).toMatchObject({ lens: 'data', text: TEXT, target: 'good', scalar: 'margin', fit: { chosen: 'exact', queries: 64 } });
    expect(e.players.map((p) => p.label)[1]).toBe('2 bad: a b the');
    expect(e.values.empty).toBeCloseTo(0, 4);
    const masks = [
      [1, 0, 0, 0, 0, 0],
      [1, 1, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 1],
    ];
    const [one, two, all] = await ex.evaluate(TEXT, { lens: 'data', train, target: 'good', masks });
    const effect = (...members: number[]) => e.interactions.find((i) => i.members.join() === members.join())?.value ?? 0;
    expect(Math.abs(effect(0) - one)).toBeLessThan(TRAINED);
    expect(Math.abs(effect(0) + effect(1) + effect(0, 1) - two)).toBeLessThan(TRAINED);
    expect(Math.abs(e.values.full - all)).toBeLessThan(TRAINED);
  });

  it('is asked for training data or a text to compare with, and other explainers for none', async () => {
    const classifier = await explainer('text-classification', FOLDER, { device: 'reference' });
    const bad = [
      [ex, {}, /target: expected a text to compare with, got none/],
      [ex, { lens: 'heads' }, /lens: expected text or data for a model without its head, got heads/],
      [ex, { lens: 'data' }, /train: expected labelled examples with lens data, got none/],
      [ex, { lens: 'data', train, mask: 'remove' }, /mask: expected none with lens data/],
      [ex, { lens: 'data', train, layers: [1] }, /layers: expected a lens of .*, got data/],
      [ex, { lens: 'data', train, template: '{text} {label}' }, /template: expected a causal model, got an encoder/],
      [ex, { lens: 'data', train, l2: -1 }, /l2: expected a number above 0, got -1/],
      [classifier, { lens: 'data', train }, /expected a model without its head, got one with; open it for 'feature-extraction'/],
      [classifier, { train }, /train: expected lens data, got another/],
    ] as const;
    for (const [asked, options, message] of bad) {
      const error = await rejectedBy(asked.explain(TEXT, options).result);
      expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(message)]);
    }
    classifier.destroy();
  });
});
