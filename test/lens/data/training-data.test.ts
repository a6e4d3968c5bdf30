import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { allMasks, isPresent, masksFromRows } from '../../../src/core/masks.ts';
import { explain } from '../../../src/index.ts';
import { embedTexts, trainingDataLens } from '../../../src/lens/data/training-data.ts';
import { loadClassifier } from '../../../src/model/load.ts';
import type { Model } from '../../../src/model/model.ts';
import { openSource } from '../../../src/model/source.ts';
import { rejectedBy } from '../../model/support.ts';
import { sequences } from '../../model/tiny-encoder.ts';
import { descended } from './descended.ts';

/** Heads are within 1e-4 of the best ones (see the trainer), and features are a few units long. */
const TRAINED = 2e-3;
const LABELS = ['good', 'bad', 'good', 'bad', 'bad', 'so-so', 'good'];
const TEXTS = ['the a', 'a b the', 'c', 'b b b', 'the c', 'a a a a', 'the a'];
const SET = TEXTS.map((text, i) => ({ text, label: LABELS[i] }));
const TEXT = 'a the c';

const backend = createReferenceBackend();
let model: Model;
let width: number;
beforeAll(async () => {
  const folder = new URL('../../model/golden/tiny/distilbert/', import.meta.url);
  model = await loadClassifier(openSource(folder), { backend, head: 'none' });
  width = model.info.labels.length;
});
afterAll(() => model.destroy());

/** One text at a time, between [CLS] and [SEP]. */
async function featuresOf(text: string): Promise<number[]> {
  const { cls, sep } = model.tokenizer.special;
  return [...(await model.classify(sequences([[cls as number, ...model.tokenizer.encode(text).ids, sep as number]])))];
}

/** Every seventh mask, none and all: gradient descent is slow. */
const SOME = Array.from({ length: 128 }, (_, r) => r).filter((r) => r % 7 === 0 || r === 127);

async function naiveMargins(target: string, rows: readonly number[]): Promise<number[]> {
  const features = Float32Array.from((await Promise.all(TEXTS.map(featuresOf))).flat());
  const labels = Uint8Array.from(LABELS, (l) => (l === target ? 1 : 0));
  const tested = [...(await featuresOf(TEXT)), 1];
  const masks = allMasks(7);
  return rows.map((r) => {
    const kept = TEXTS.map((_, i) => (isPresent(masks, r, i) ? 1 : 0));
    return descended({ features, width, labels }, kept, 1).reduce((sum, w, c) => sum + w * tested[c], 0);
  });
}

describe('the lens on training data', () => {
  it.each(['good', 'bad', 'so-so'])('gives the margin of %s of a head trained on each of some subsets', async (target) => {
    const want = await naiveMargins(target, SOME);
    const lens = await trainingDataLens(model, backend, SET, TEXT, { target });
    const got = await lens.valueFunction(allMasks(7));
    want.forEach((w, i) => {
      expect(Math.abs(got[SOME[i]] - w), `mask ${SOME[i]}`).toBeLessThan(TRAINED);
    });
    lens.destroy();
  });

  it('explains the label that the head of all examples predicts, unless one is named; loss is its log-loss', async () => {
    const full = await Promise.all(['good', 'bad', 'so-so'].map(async (label) => (await naiveMargins(label, [127]))[0]));
    const lens = await trainingDataLens(model, backend, SET, TEXT);
    expect(lens.target).toBe(['good', 'bad', 'so-so'][full.indexOf(Math.max(...full))]);
    const loss = await trainingDataLens(model, backend, SET, TEXT, { target: lens.target, scalar: 'loss' });
    const [margins, losses] = [await lens.valueFunction(allMasks(7)), await loss.valueFunction(allMasks(7))];
    margins.forEach((m, r) => {
      expect(losses[r]).toBeCloseTo(Math.log(1 + Math.exp(-m)), 5);
    });
    expect(lens.players.map((p) => p.label).slice(0, 2)).toEqual(['1 good: the a', '2 bad: a b the']);
    lens.destroy();
    loss.destroy();
  });

  it('of labelled texts gives the mean of the margins towards their labels, or of their losses', async () => {
    const asked = [
      { text: TEXT, label: 'good' },
      { text: 'b b', label: 'bad' },
      { text: 'the c c', label: 'good' },
    ];
    const masks = allMasks(7);
    const alone = await Promise.all(
      asked.map(async ({ text, label }) => {
        const lens = await trainingDataLens(model, backend, SET, text, { target: 'good' });
        const margins = await lens.valueFunction(masks);
        lens.destroy();
        return margins.map((m) => (label === 'good' ? m : -m));
      }),
    );
    for (const scalar of ['margin', 'loss'] as const) {
      const lens = await trainingDataLens(model, backend, SET, asked, { scalar });
      const got = await lens.valueFunction(masks);
      got.forEach((v, r) => {
        const parts = alone.map((margins) => (scalar === 'margin' ? margins[r] : Math.log(1 + Math.exp(-margins[r]))));
        expect(v).toBeCloseTo(parts.reduce((a, b) => a + b, 0) / 3, 5);
      });
      lens.destroy();
    }
    const strange = await rejectedBy(trainingDataLens(model, backend, SET, [{ text: 'a', label: 'fine' }]));
    expect(strange.message).toMatch(/labels of training examples \(good, bad, so-so\), got fine/);
  });

  it('found by influence functions agrees with retraining where all examples are there, and nearly where one is left out', async () => {
    const rows = [0, ...TEXTS.keys()].map((out, r) => TEXTS.map((_, i) => (r > 0 && i === out ? 0 : 1)));
    const strong = { target: 'good', l2: 30 } as const;
    for (const scalar of ['margin', 'loss'] as const) {
      const exact = await trainingDataLens(model, backend, SET, TEXT, { ...strong, scalar });
      const quick = await trainingDataLens(model, backend, SET, TEXT, { ...strong, scalar, retrain: 'influence' });
      const [want, got] = [await exact.valueFunction(masksFromRows(rows)), await quick.valueFunction(masksFromRows(rows))];
      expect(Math.abs(got[0] - want[0])).toBeLessThan(1e-5);
      const largest = Math.max(...want.map((v) => Math.abs(v - want[0])));
      got.forEach((v, r) => {
        expect(Math.abs(v - want[r])).toBeLessThan(0.2 * largest);
      });
      exact.destroy();
      quick.destroy();
    }
  });

  it('lets two equal examples be found by what they do together: each makes the other matter less', async () => {
    const lens = await trainingDataLens(model, backend, SET, TEXT, { target: 'good' });
    const { interactions } = await explain(lens.valueFunction, { players: lens.players, method: 'exact', index: 'BII', maxOrder: 2 })
      .result;
    const of = (...members: number[]) => interactions.find((i) => i.members.join() === members.join())?.value ?? Number.NaN;
    expect(Math.abs(of(0) - of(6))).toBeLessThan(TRAINED);
    expect(Math.sign(of(0, 6))).toBe(-Math.sign(of(0)));
    lens.destroy();
  });

  it('embeds many texts as each alone, and names the one that is too long', async () => {
    const many = Array.from({ length: 70 }, (_, i) => TEXTS[i % 7]);
    const got = await embedTexts(model, many);
    const want = (await Promise.all(many.map(featuresOf))).flat();
    expect([...got]).toEqual(want);
    const error = await rejectedBy(embedTexts(model, ['a', 'b '.repeat(2000)]));
    expect([error.code, error.message]).toEqual(['too-long', expect.stringMatching(/^text 2: expected at most/)]);
  });

  it('says what is wrong with labels and scalars', async () => {
    const bad = [
      [SET.map(({ text }) => ({ text, label: 'one' })), {}, /at least 2 labels, got 1 \(one\)/],
      [SET, { target: 'fine' }, /one of good, bad, so-so, got fine/],
      [SET, { scalar: 'prob' as never }, /margin or loss, got prob/],
      [SET, { retrain: 'twice' as never }, /exact or influence, got twice/],
    ] as const;
    for (const [set, options, message] of bad) {
      const error = await rejectedBy(trainingDataLens(model, backend, set, TEXT, options));
      expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(message)]);
    }
  });
});
