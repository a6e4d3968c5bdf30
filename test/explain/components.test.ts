import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createExplainer, type Explainer, type TextOptions } from '../../src/explain/explainer.ts';
import type { Model } from '../../src/model/model.ts';
import { readExplanation } from '../../src/view/read.ts';
import { rejectedBy } from '../model/support.ts';
import { naiveLogits, randomTensors, type TinySizes, tinyModel } from '../model/tiny-encoder.ts';

/** Float64 apart from float32 embeddings, logits and values; indices add up to 2ⁿ of them. */
const FLOAT32 = 1e-4;
const sizes: TinySizes = {
  layers: 2,
  width: 12,
  heads: 2,
  hidden: 16,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 2,
  vocabulary: 31,
  positions: 16,
};
const tensors = randomTensors(sizes, 21);
const TEXT = 'a b c';
const IDS = [1, 5, 6, 7, 2];

let model: Model;
let explainer: Explainer;
beforeAll(async () => {
  model = await tinyModel(createReferenceBackend(), sizes, tensors);
  explainer = createExplainer(model);
});
afterAll(() => explainer.destroy());

const run = (options: TextOptions, text = TEXT) => explainer.explain(text, options).result;

describe('an explanation of a model’s parts', () => {
  it('is the exact transform of the values that the paper’s formulas give with parts switched off', async () => {
    const e = await run({ lens: 'components', layers: [1], target: '1', index: 'Moebius' });
    expect(readExplanation(JSON.parse(JSON.stringify(e)))).toEqual(JSON.parse(JSON.stringify(e)));
    expect(e).toMatchObject({
      lens: 'components',
      text: TEXT,
      target: 'L1',
      scalar: 'log-odds',
      mask: 'zero',
      units: 'components of layers 1',
    });
    expect(e.players).toEqual(['1.0', '1.1', 'mlp 1'].map((label, id) => ({ id, label, start: 0, end: 0 })));
    const value = (mask: number) => {
      const [a, b] = naiveLogits(tensors, sizes, IDS, { values: [1, 1, 1, ...[0, 1, 2].map((bit) => (mask >> bit) & 1)] });
      return b - a;
    };
    expect(Math.abs(e.values.full - value(7))).toBeLessThan(FLOAT32);
    expect(Math.abs(e.values.empty - value(0))).toBeLessThan(FLOAT32);
    // Möbius by inclusion–exclusion.
    for (const { members, value: got } of e.interactions) {
      let want = 0;
      const all = members.reduce((bits, m) => bits | (1 << m), 0);
      for (let s = all; ; s = (s - 1) & all) {
        const missing = members.filter((m) => !((s >> m) & 1)).length;
        want += (missing % 2 ? -1 : 1) * value(s);
        if (s === 0) break;
      }
      expect(Math.abs(got - want)).toBeLessThan(FLOAT32);
    }
  });

  it('at full value is the plain pass, and true passes on chosen masks are its values', async () => {
    const e = await run({ lens: 'heads', target: '0' });
    const plain = await run({ target: '0' });
    expect(e.values.full).toBe(plain.values.full);
    const asked = await explainer.evaluate(TEXT, {
      masks: [
        [1, 1, 1, 1],
        [0, 0, 0, 0],
      ],
      lens: 'heads',
      target: '0',
    });
    expect([...asked]).toEqual([e.values.full, e.values.empty].map(Math.fround));
  });

  it('with mean ablation depends on the reference, which is the explained texts by default, and says so', async () => {
    const question = { lens: 'heads', ablation: 'mean', target: '0' } as const;
    const own = await run(question);
    expect(own.mask).toBe('mean');
    const same = await run({ ...question, reference: [TEXT] });
    expect([same.mask, same.values]).toEqual(['mean over 1 reference text', own.values]);
    const other = await run({ ...question, reference: ['x y z', 'q'] });
    expect(other.values.full).toBe(own.values.full);
    expect(other.values.empty).not.toBeCloseTo(own.values.empty, 3);
    const zero = await run({ ...question, ablation: 'zero' });
    expect(zero.values.empty).not.toBeCloseTo(own.values.empty, 3);
  });

  it('of labelled texts is that of their mean log-probability or accuracy, and asks for no target', async () => {
    const examples = [
      { text: 'a b', label: 'L0' },
      { text: 'c', label: '1' },
      { text: 'd e f', label: 'l1' },
    ];
    const right = examples.map(({ label }) => Number(label.slice(-1)));
    const logits = [
      [1, 5, 6, 2],
      [1, 7, 2],
      [1, 8, 9, 10, 2],
    ].map((ids) => naiveLogits(tensors, sizes, ids));
    const e = await run({ lens: 'blocks', examples }, '');
    const mean = logits.reduce((sum, z, i) => sum + z[right[i]] - Math.log(Math.exp(z[0]) + Math.exp(z[1])), 0) / 3;
    expect(e).toMatchObject({ text: '', target: '3 labelled texts', scalar: 'mean log-prob' });
    expect(Math.abs(e.values.full - mean)).toBeLessThan(FLOAT32);
    const accuracy = await run({ lens: 'blocks', examples, scalar: 'accuracy' }, '');
    const correct = logits.filter((z, i) => z[right[i]] > z[1 - right[i]]).length;
    expect([accuracy.scalar, accuracy.values.full]).toEqual(['accuracy', Math.fround(correct / 3)]);
  });

  it('rescaled multiplies the heads that are left', async () => {
    const got = await explainer.evaluate(TEXT, {
      masks: [[1, 0]],
      lens: 'heads',
      layers: [1],
      rescale: true,
      target: '1',
      scalar: 'logit',
    });
    expect(Math.abs(got[0] - naiveLogits(tensors, sizes, IDS, { values: [1, 1, 1, 2, 0, 1] })[1])).toBeLessThan(FLOAT32);
  });
});

describe('a question that makes no sense', () => {
  const examples = [{ text: 'a', label: '0' }];
  const cases: [string, TextOptions, string, string, RegExp][] = [
    ['an unknown lens', { lens: 'neurons' as 'heads' }, TEXT, 'usage', /lens: expected text, heads, blocks, components, got neurons/],
    ['an unknown ablation', { lens: 'heads', ablation: 'noise' as 'zero' }, TEXT, 'usage', /zero or mean, got noise/],
    ['a layer that is not there', { lens: 'heads', layers: [2] }, TEXT, 'usage', /from 0 to 1 .* got 2/],
    ['no layer', { lens: 'heads', layers: [] }, TEXT, 'usage', /at least one, got none/],
    ['units', { lens: 'heads', units: 'word' }, TEXT, 'usage', /units: expected none with lens heads/],
    ['a mask', { lens: 'heads', mask: 'remove' }, TEXT, 'usage', /mask: expected none with lens heads, got remove/],
    ['rescaling of means', { lens: 'heads', ablation: 'mean', rescale: true }, TEXT, 'usage', /rescale: expected ablation zero, got mean/],
    ['a reference for zeros', { lens: 'heads', reference: ['a'] }, TEXT, 'usage', /reference: expected ablation mean, got zero/],
    [
      'an empty reference',
      { lens: 'heads', ablation: 'mean', reference: [] },
      TEXT,
      'empty-input',
      /reference: expected at least one text/,
    ],
    ['a text and a set', { lens: 'heads', examples }, TEXT, 'usage', /either a text or labelled texts, got both/],
    ['an empty set', { lens: 'heads', examples: [] }, '', 'empty-input', /at least one labelled text, got none/],
    ['a label that is none', { lens: 'heads', examples: [{ text: 'a', label: 'x' }] }, '', 'usage', /example 1: .*L0, L1\), got x/],
    ['a target for a set', { lens: 'heads', examples, target: '1' }, '', 'usage', /target: expected none with labelled texts/],
    ['accuracy of one text', { lens: 'heads', scalar: 'accuracy' }, TEXT, 'usage', /labelled texts for accuracy, got one text/],
    ['no text', { lens: 'heads' }, ' ', 'empty-input', /text: expected some words, got none/],
    ['a text that is too long', { lens: 'heads' }, 'a '.repeat(15), 'too-long', /at most 16 tokens .* got 17/],
    ['accuracy of words', { scalar: 'accuracy' }, TEXT, 'usage', /scalar: expected log-odds, .* got accuracy/],
    ['layers of words', { layers: [1] }, TEXT, 'usage', /layers: expected a lens of heads, blocks, components, got text/],
  ];
  it.each(cases)('with %s is refused', async (_, options, text, code, message) => {
    expect(await rejectedBy(run(options, text))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('of a model that takes no gates is refused by its architecture', async () => {
    const { components: _, ...bare } = model;
    const error = await rejectedBy(createExplainer(bare).explain(TEXT, { lens: 'heads' }).result);
    expect([error.code, error.message]).toEqual(['unsupported-model', expect.stringMatching(/takes gates on its parts, got BertFor/)]);
  });
});
