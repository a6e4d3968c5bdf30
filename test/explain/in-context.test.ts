import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { fewShotPrompt } from '../../src/lens/data/in-context.ts';
import { loadCausal } from '../../src/model/causal/load.ts';
import type { CausalModel } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { createExplainer, type Explainer } from '../../src/text.ts';
import { rejectedBy, thrownBy } from '../model/support.ts';

const FOLDER = fileURLToPath(new URL('../model/golden/tiny-decoders/gpt2/', import.meta.url));
const TEMPLATE = '{text}? {label}\n';
const train = [
  { text: 'the', label: 'yes' },
  { text: 'a b', label: 'no' },
  { text: 'd', label: 'yes' },
  { text: 'c', label: 'no' },
];
const TEXT = 'it';
/** The same float64 passes, values in float32. */
const CLOSE = 1e-4;

let model: CausalModel;
let ex: Explainer;
beforeAll(async () => {
  const backend = createReferenceBackend();
  model = await loadCausal(openSource(FOLDER), { backend });
  ex = createExplainer(model);
});
afterAll(() => ex.destroy());

/** Of the prompt that a person would write with these examples alone: the log-probability of a label, one pass for it. */
async function naive(kept: readonly number[], label: string): Promise<number> {
  const written = train.filter((_, i) => kept[i] === 1).map((e) => `${e.text}? ${e.label}\n`);
  const prompt = model.tokenizer.encode(`${written.join('')}${TEXT}?`).ids;
  const ids = Uint32Array.from([...prompt, ...model.tokenizer.encode(`? ${label}`).ids.slice(1)]);
  const { logProbs } = await model.score({ ids, offsets: Uint32Array.of(0, ids.length), from: Uint32Array.of(prompt.length) });
  return logProbs.reduce((sum, v) => sum + v, 0);
}

describe('few-shot examples as players', () => {
  it('give the log-odds of two labels under the prompt that has the other examples only, for every mask', async () => {
    const rows = Array.from({ length: 16 }, (_, r) => train.map((_, i) => (r >> i) & 1));
    const got = await ex.evaluate(TEXT, { lens: 'data', train, template: TEMPLATE, target: 'yes vs no', masks: rows });
    for (const [r, row] of rows.entries())
      expect(Math.abs(got[r] - ((await naive(row, 'yes')) - (await naive(row, 'no')))), row.join('')).toBeLessThan(CLOSE);
  });

  it('are explained for the label that the whole prompt favours where none is named, or for one that is', async () => {
    const [yes, no] = [await naive([1, 1, 1, 1], 'yes'), await naive([1, 1, 1, 1], 'no')];
    const e = await ex.explain(TEXT, { lens: 'data', train, template: TEMPLATE }).result;
    expect(e).toMatchObject({ lens: 'data', text: TEXT, scalar: 'log-odds', target: yes > no ? 'yes vs no' : 'no vs yes' });
    expect(Math.abs(e.values.full - Math.abs(yes - no))).toBeLessThan(CLOSE);
    expect(e).toMatchObject({ mask: 'left out of the prompt', units: 'example in the prompt', fit: { chosen: 'exact', queries: 16 } });
    expect(e.players.map((p) => p.label)).toEqual(['1 yes: the', '2 no: a b', '3 yes: d', '4 no: c']);
    const one = await ex.explain(TEXT, { lens: 'data', train, template: TEMPLATE, target: 'no' }).result;
    expect(one.scalar).toBe('log-prob');
    expect(Math.abs(one.values.empty - (await naive([0, 0, 0, 0], 'no')))).toBeLessThan(CLOSE);
  });

  it('of three labels are explained for the most probable one', async () => {
    const more = [...train, { text: 'e', label: 'b' }];
    const e = await ex.explain(TEXT, { lens: 'data', train: more, template: TEMPLATE }).result;
    const { prompt } = fewShotPrompt(more, TEXT, TEMPLATE);
    const scores = await Promise.all(['yes', 'no', 'b'].map(async (target) => (await ex.explain(prompt, { target }).result).values.full));
    expect([e.target, e.scalar]).toEqual([['yes', 'no', 'b'][scores.indexOf(Math.max(...scores))], 'log-prob']);
  });

  it('are written by a template up to the label of the question', () => {
    expect(fewShotPrompt(train.slice(0, 1), TEXT)).toEqual({
      prompt: 'Text: the\nLabel: yes\n\nText: it\nLabel:',
      spans: [[0, 22]],
    });
    expect(fewShotPrompt([], 'x', '{text}\n{label} ').prompt).toBe('x\n');
    expect(thrownBy(() => fewShotPrompt(train, TEXT, '{label} {text}')).message).toMatch(
      /template: expected \{text\} and after it \{label\}/,
    );
  });

  it('say what is wrong with them', async () => {
    const own = { lens: 'data', train, template: TEMPLATE } as const;
    const bad = [
      [TEXT, { ...own, l2: 1 }, 'usage', /l2: expected none with a causal model/],
      [TEXT, { ...own, retrain: 'influence' }, 'usage', /retrain: expected none with a causal model/],
      ['', { ...own, examples: train }, 'usage', /examples: expected none with a causal model/],
      [' ', own, 'empty-input', /text: expected a text to label/],
      [TEXT, { ...own, train: [] }, 'empty-input', /train: expected at least 1 example/],
      [TEXT, { ...own, scalar: 'margin' }, 'usage', /scalar: expected log-odds for .* in a prompt, got margin/],
      [TEXT, { ...own, train: [...train, ...train, ...train] }, 'too-long', /expected at most \d+ tokens/],
      [TEXT, { lens: 'data' }, 'usage', /train: expected labelled examples/],
    ] as const;
    for (const [text, options, code, message] of bad) {
      const error = await rejectedBy(ex.explain(text, options).result);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });
});
