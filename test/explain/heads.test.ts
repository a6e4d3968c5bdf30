import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { masksFromRows } from '../../src/core/masks.ts';
import { createExplainer, type Explainer, explainer, openExplainer } from '../../src/explain/explainer.ts';
import { resolveBlankTarget } from '../../src/lens/text/blank.ts';
import { maskFollowing } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { loadMasked } from '../../src/model/masked.ts';
import type { BlankSequences, MaskedModel, Model } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { rejectedBy } from '../model/support.ts';
import { sequences } from '../model/tiny-encoder.ts';

const place = (name: string) => fileURLToPath(new URL(`../model/golden/tiny-heads/${name}/`, import.meta.url));
/** Sums of float32 numbers in float64, rounded to float32. */
const CLOSE = 5;

describe('an explanation of a word in a blank', () => {
  const TEXT = 'b, c [MASK] d e';
  let ex: Explainer;
  let model: MaskedModel;
  beforeAll(async () => {
    ex = await openExplainer(undefined, place('words-bert'), { device: 'reference' });
    model = await loadMasked(openSource(place('words-bert')), { backend: createReferenceBackend() });
  });
  afterAll(() => {
    ex.destroy();
    model.destroy();
  });
  const ids = (...tokens: string[]) => tokens.map((token) => model.tokenizer.idOf(token) as number);

  it.each([
    ['mask-token', ['[CLS]', 'b', ',', '[MASK]', '[MASK]', 'd', '[MASK]', '[SEP]'], 4],
    ['remove', ['[CLS]', 'b', ',', '[MASK]', 'd', '[SEP]'], 3],
  ])('with %s is the log-probability there, wherever the blank comes to stand', async (mask, tokens, blank) => {
    const { logProbs } = await model.fill({ ...sequences([ids(...tokens)]), blanks: Uint32Array.of(blank) }, ids('q', 'x'));
    const asked = { masks: [[1, 0, 1, 0]], mask };
    expect((await ex.evaluate(TEXT, { ...asked, target: 'q' }))[0]).toBeCloseTo(logProbs[0], CLOSE);
    expect((await ex.evaluate(TEXT, { ...asked, target: 'q vs x' }))[0]).toBeCloseTo(logProbs[0] - logProbs[1], CLOSE);
  });

  it('is of the likeliest word where none is named, and the blank is locked', async () => {
    const e = await ex.explain(TEXT).result;
    expect(e).toMatchObject({ scalar: 'log-prob', mask: 'mask-token', locked: [[5, 11]], fit: { r2: 1, heldOut: 0 } });
    expect(e.players.map((p) => p.label)).toEqual(['b', 'c', 'd', 'e']);
    const [whole] = await ex.evaluate(TEXT, { masks: [[1, 1, 1, 1]], target: e.target });
    expect(e.values.full).toBe(whole);
    for (const other of ['a', 'm', 'z'].filter((word) => word !== e.target))
      expect((await ex.evaluate(TEXT, { masks: [[1, 1, 1, 1]], target: other }))[0]).toBeLessThan(whole);
  });

  it('of a model of bytes takes a word of one token', async () => {
    const roberta = await explainer('fill-mask', place('words-roberta'), { device: 'reference' });
    const e = await roberta.explain('the <mask> waits', { target: 'bad vs what' }).result;
    expect(e).toMatchObject({ target: 'bad vs what', scalar: 'log-odds' });
    expect(e.players.map((p) => p.label)).toEqual(['the', 'waits']);
    roberta.destroy();
  });

  it('takes a word with the blank before it where that is a token, else the word as it goes on, else a token by its name', async () => {
    const known: Record<string, number[]> = { ' a': [11], a: [12], ' b': [8, 9], b: [13], ' ▁c': [8, 9], '▁c': [8, 9] };
    const tokenizer = { ...model.tokenizer, encode: (text: string) => ({ ids: Uint32Array.from(known[text]) }), idOf: () => 14 };
    const asked = { ...model, tokenizer } as unknown as MaskedModel;
    const tokens = async (target: string) => (await resolveBlankTarget(asked, {} as BlankSequences, target)).tokens;
    expect([await tokens('a'), await tokens('b'), await tokens('▁c'), await tokens('b vs a')]).toEqual([[11], [13], [14], [13, 11]]);
  });

  it('follows a token through every rule', () => {
    const split = splitPlayers(model.tokenizer, TEXT, 'word', [[5, 11]]);
    const follow = (rule: Parameters<typeof maskFollowing>[2]) => [
      ...maskFollowing(
        masksFromRows([
          [0, 0, 1, 1],
          [1, 1, 0, 0],
        ]),
        split,
        rule,
        model.tokenizer,
        32,
        3,
      ).blanks,
    ];
    expect(follow({ kind: 'unk-token' })).toEqual([4, 4]);
    expect(follow({ kind: 'remove' })).toEqual([1, 4]);
    expect(follow({ kind: 'replace', text: 'a b c' })).toEqual([7, 4]);
  });

  it.each([
    ['no blank', 'a b', {}, /text: expected one \[MASK\] where a word is to be told, got none/],
    ['two blanks', '[MASK] b [MASK]', {}, /expected one \[MASK\] .*, got 2/],
    ['a word of two tokens', TEXT, { target: 'qu' }, /expected a word of one token, got 2 tokens for "qu"/],
    ['a word that is unknown', TEXT, { target: '7' }, /got one that the model does not know for "7"/],
    ['no word', TEXT, { target: ' ' }, /expected a word of one token, got 0 tokens/],
    ['one word twice', TEXT, { target: 'q vs q' }, /two different words, got "q" twice/],
    ['another scalar', TEXT, { target: 'q', scalar: 'log-odds' }, /scalar: expected log-prob for one word, got log-odds/],
  ] as const)('refuses %s', async (_, text, options, message) => {
    const error = await rejectedBy(ex.explain(text, options).result);
    expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(message)]);
  });

  it('takes no gates on its parts, and needs a model that is named', async () => {
    expect(await rejectedBy(ex.explain(TEXT, { lens: 'heads' }).result)).toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(/expected a model that takes gates on its parts, got BertForMaskedLM/),
    });
    expect((await rejectedBy(explainer('fill-mask'))).message).toMatch(/expected the folder of a masked language model/);
  });
});

describe('an explanation of how alike two texts are', () => {
  const TEXT = 'not bad at all';
  let ex: Explainer;
  let model: Model;
  beforeAll(async () => {
    const backend = createReferenceBackend();
    model = await loadClassifier(openSource(place('mean-bert')), { backend, head: 'none' });
    ex = createExplainer(model, 0, backend);
  });
  afterAll(() => ex.destroy());

  it('is the cosine of their features for each mask', async () => {
    const other = 'a bad one';
    const { rows } = (
      JSON.parse(readFileSync(new URL('../model/golden/tiny-heads/golden.json', import.meta.url), 'utf8')) as {
        folders: Record<string, { rows: { text: string; row: number[] }[] }>;
      }
    ).folders['mean-bert'];
    const whole = rows.find(({ text }) => text === TEXT)?.row as number[];
    const { before, after } = model.tokenizer.wrapping;
    const features = async (tokens: ArrayLike<number>) => model.classify(sequences([[...before, ...Array.from(tokens), ...after]]));
    const reference = await features(model.tokenizer.encode(other).ids);
    const cosine = (a: ArrayLike<number>) => {
      const dot = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, v, i) => sum + v * y[i], 0);
      return dot(a, reference) / Math.hypot(...Array.from(a)) / Math.hypot(...reference);
    };
    const e = await ex.explain(TEXT, { target: other, mask: 'remove' }).result;
    expect(e).toMatchObject({ target: other, scalar: 'cosine', lens: 'text', fit: { r2: 1 } });
    expect(e.values.full).toBeCloseTo(cosine(whole), CLOSE);
    expect(e.values.empty).toBeCloseTo(cosine(await features([])), CLOSE);
    const [some] = await ex.evaluate(TEXT, { masks: [[0, 1, 0, 1]], target: other, mask: 'remove' });
    expect(some).toBeCloseTo(cosine(await features(model.tokenizer.encode('bad all').ids)), CLOSE);
    expect((await ex.evaluate(TEXT, { masks: [[1, 1, 1, 1]], target: TEXT }))[0]).toBeCloseTo(1, CLOSE);
  });

  it('is what a folder without a head is opened for, which trains heads on its features too', async () => {
    const opened = await openExplainer(undefined, place('mean-distilbert'), { device: 'reference' });
    expect((await opened.explain(TEXT, { target: 'fox' }).result).scalar).toBe('cosine');
    const train = ['a', 'b', 'c d', 'the fox'].map((text, i) => ({ label: i % 2 ? 'yes' : 'no', text }));
    const e = await opened.explain(TEXT, { lens: 'data', train, method: 'exact' }).result;
    expect(e).toMatchObject({ scalar: 'margin', fit: { queries: 16 } });
    opened.destroy();
  });

  it.each([
    ['nothing to compare with', {}, 'usage', /target: expected a text to compare with, got none/],
    ['an empty text', { target: ' ' }, 'empty-input', /target: expected a text to compare with, got an empty one/],
    ['a long one', { target: 'a '.repeat(40) }, 'too-long', /target: expected at most 24 tokens, special ones included, got 42/],
    ['another scalar', { target: 'b', scalar: 'log-odds' }, 'usage', /scalar: expected cosine for two texts, got log-odds/],
    ['parts of the model', { lens: 'heads' }, 'usage', /lens: expected text or data for a model without its head, got heads/],
  ] as const)('refuses %s', async (_, options, code, message) => {
    const error = await rejectedBy(ex.explain(TEXT, options).result);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });
});
