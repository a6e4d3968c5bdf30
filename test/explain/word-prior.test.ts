import { beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/document.ts';
import { createExplainer } from '../../src/explain/explainer.ts';
import type { WordPrior } from '../../src/explain/word-prior.ts';
import type { Explainer } from '../../src/text.ts';
import { readExplanation } from '../../src/view/read.ts';
import { tokenizer } from '../lens/text/support.ts';
import { BAD, GOOD, idOf, feelingModel as model, textOf } from './feelings.ts';

const BUDGET = 64;
const explained = async (explainer: Explainer, text: string, wordPrior?: WordPrior) =>
  explainer.explain(text, { budget: BUDGET, target: 'positive', wordPrior }).result;

describe('a word prior', () => {
  const explainer = createExplainer(model);
  let prior: WordPrior;
  let last: Explanation;

  beforeAll(async () => {
    for (let t = 0; t < 6; t++) {
      last = await explained(explainer, textOf(t), prior);
      prior = (await explainer.learnWords?.(last, prior)) as WordPrior;
    }
  });

  it('is learned from the influences that explanations report, one text after another', () => {
    expect(prior).toMatchObject({ format: 'webspex-word-prior', version: 1, model: model.info.sha256 });
    expect(prior.texts.map(({ words }) => words.length)).toEqual(Array(6).fill(18));
    expect(last.fit.influences).toHaveLength(18);
    expect(readExplanation(JSON.parse(JSON.stringify(last)))).toEqual(last);
    expect(prior.texts[5].words[0]).toEqual([idOf(textOf(5).split(' ')[0])]);
    expect(JSON.parse(JSON.stringify(prior))).toEqual(prior);
  });

  it('lets another text begin where the words of feeling matter, and says so', async () => {
    const with_ = await explained(explainer, textOf(7), prior);
    const without = await explained(explainer, textOf(7));
    expect(with_.fit.priorTexts).toBe(6);
    expect(without.fit.priorTexts).toBeUndefined();
    const { expected } = await explainer.describe(textOf(7), { target: 'positive', wordPrior: prior });
    const words = textOf(7).split(' ');
    const matter = words.map((w) => GOOD.includes(w) || BAD.includes(w));
    const least = Math.min(...(expected?.influences.filter((_, i) => matter[i]) ?? []));
    expect(least).toBeGreaterThan(Math.max(...(expected?.influences.filter((_, i) => !matter[i]) ?? [])));
  });

  it('leaves out what it knows of the text itself, however often that is explained', async () => {
    const again = (await explainer.learnWords?.(await explained(explainer, textOf(2), prior), prior)) as WordPrior;
    expect(again.texts).toHaveLength(6);
    expect(again.texts[5].words).toEqual(prior.texts[2].words);
    const { expected } = await explainer.describe(textOf(2), { target: 'positive', wordPrior: prior });
    expect(expected?.texts).toBe(5);
    const five = { ...prior, texts: prior.texts.slice(0, 5) };
    expect((await explainer.describe(textOf(2), { target: 'positive', wordPrior: five })).expected).toBeUndefined();
    expect((await explained(explainer, textOf(2), five)).fit.priorTexts).toBeUndefined();
  });

  it('stays as it is where the Gaussian process was not asked', async () => {
    const linear = await explainer.explain(textOf(8), { budget: BUDGET, target: 'positive', method: 'linear' }).result;
    expect(linear.fit.influences).toBeUndefined();
    expect(await explainer.learnWords?.(linear, prior)).toEqual(prior);
  });

  it('is refused by name where it is another’s, damaged, or of no use', async () => {
    const refused = async (wordPrior: unknown, text = textOf(7)) =>
      explained(explainer, text, wordPrior as WordPrior).then(
        () => null,
        (error) => [error.code, error.message],
      );
    const text = prior.texts[0];
    const damaged = (changed: object) => ({ ...prior, texts: [prior.texts[1], { ...text, ...changed }] });
    expect(await refused({ ...prior, model: 'f'.repeat(64) })).toEqual([
      'usage',
      expect.stringMatching(/one of another model; name another file/),
    ]);
    for (const [wrong, what] of [
      [null, /format/],
      [{ ...prior, format: 'webspex-log' }, /format/],
      [{ ...prior, version: 2 }, /version 1, got 2/],
      [{ ...prior, texts: 'all' }, /list of texts, got string/],
      [damaged({ influences: text.influences.slice(1) }), /texts\[1\]/],
      [damaged({ influences: text.influences.map(() => 'much') }), /texts\[1\]/],
      [damaged({ words: text.words.map(() => [tokenizer.vocabularySize]) }), /texts\[1\]/],
      [damaged({ words: text.words.map(() => []) }), /texts\[1\]/],
    ] as const)
      expect(await refused(wrong)).toEqual(['bad-file', expect.stringMatching(what)]);
    const wordless = createExplainer({ ...model, words: undefined });
    expect(wordless.learnWords).toBeUndefined();
    await expect(explained(wordless, textOf(7), prior)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/shows its words/),
    });
    const other = { ...last, model: last.model && { ...last.model, sha256: 'f'.repeat(64) } };
    await expect(explainer.learnWords?.(other, prior)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/expected an explanation of test/),
    });
    await expect(explainer.learnWords?.({ ...last, lens: 'function' }, prior)).rejects.toMatchObject({ code: 'usage' });
    await expect(explainer.explain(textOf(7), { lens: 'heads', wordPrior: prior }).result).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/wordPrior: expected none with lens heads/),
    });
  });
});
