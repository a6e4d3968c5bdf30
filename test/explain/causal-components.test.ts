import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createExplainer, type Explainer, type TextOptions } from '../../src/explain/explainer.ts';
import type { SetScalar } from '../../src/lens.ts';
import type { CausalModel } from '../../src/model/model.ts';
import { readExplanation } from '../../src/view/read.ts';
import { bpe } from '../lens/text/support.ts';
import { scored, tinyCausal, tinyParts } from '../model/causal/support.ts';
import { rejectedBy } from '../model/support.ts';

/** A float32 of a sum of log-probabilities, and of sums over 2ⁿ of them. */
const FLOAT32 = 1e-4;
const PROMPT = 'the cat is not';

let model: CausalModel;
let ex: Explainer;
beforeAll(async () => {
  const source = "{{ 'ask ' + messages[0].content + ' no' }}";
  model = { ...(await tinyCausal(createReferenceBackend(), tinyParts('gpt2', bpe))), chat: async () => ({ source, tokens: {} }) };
  ex = createExplainer(model);
});
afterAll(() => ex.destroy());

const run = (options: TextOptions, text = PROMPT) => ex.explain(text, options).result;

/** ln P(continuation | text) with gates, from one call of the model. */
async function logProb(text: string, continuation: string, values: number[], means?: Float32Array): Promise<number> {
  const [ids, added] = [text, continuation].map((part) => [...bpe.encode(part).ids]);
  const { logProbs } = await model.score(scored([[...ids, ...added]], ids.length), { gates: { values: Float32Array.from(values), means } });
  return logProbs.reduce((sum, x) => sum + x, 0);
}

describe('an explanation of a causal model’s parts', () => {
  it('is the exact transform of what the model says of a continuation with parts switched off', async () => {
    const e = await run({ lens: 'components', layers: [1], target: 'bad' });
    expect(readExplanation(JSON.parse(JSON.stringify(e)))).toEqual(JSON.parse(JSON.stringify(e)));
    expect(e).toMatchObject({
      lens: 'components',
      text: PROMPT,
      target: 'bad',
      scalar: 'log-prob',
      mask: 'zero',
      fit: { r2: 1, queries: 8 },
    });
    expect(e.players.map(({ label }) => label)).toEqual(['1.0', '1.1', 'mlp 1']);
    for (let mask = 0; mask < 8; mask++) {
      const rebuilt = e.spectrum.reduce(
        (sum, { members, coefficient }) => sum + coefficient * (-1) ** members.filter((m) => (mask >> m) & 1).length,
        0,
      );
      const want = await logProb(PROMPT, ' bad', [1, 1, 1, ...[0, 1, 2].map((bit) => (mask >> bit) & 1)]);
      expect(Math.abs(rebuilt - want)).toBeLessThan(FLOAT32);
    }
    const plain = await run({ target: 'bad', lock: 'none', mask: 'neutral' });
    expect(Math.abs(e.values.full - plain.values.full)).toBeLessThan(FLOAT32);
  });

  it('is of the log-odds of two continuations, rescaled, or fading into mean outputs over a reference', async () => {
    const heads = await run({ lens: 'heads', target: 'bad vs no', rescale: true });
    expect(heads).toMatchObject({ scalar: 'log-odds', mask: 'zero, rescaled', units: 'heads' });
    const odds = async (values: number[]) => (await logProb(PROMPT, ' bad', values)) - (await logProb(PROMPT, ' no', values));
    const masks = [[1, 0, 1, 1]];
    const [found] = await ex.evaluate(PROMPT, { masks, lens: 'heads', target: 'bad vs no', rescale: true });
    expect(Math.abs(found - (await odds([2, 0, 1, 1, 1, 1])))).toBeLessThan(FLOAT32);

    const reference = ['the cat', 'is it bad'];
    const asked = { lens: 'blocks', target: 'bad', ablation: 'mean', reference } as const;
    const blocks = await run(asked);
    expect(blocks.mask).toBe('mean over 2 reference texts');
    const lists = reference.map((text) => [...bpe.encode(text).ids]);
    const { ids, offsets } = scored(lists);
    const means = await model.components?.means({ ids, offsets });
    expect(Math.abs(blocks.values.empty - (await logProb(PROMPT, ' bad', [1, 1, 0, 1, 1, 0], means)))).toBeLessThan(FLOAT32);
  });

  it('is of the model’s own answer where no target is named, and of a message in its chat template', async () => {
    const own = await run({ lens: 'blocks' });
    expect((await run({ lens: 'blocks', target: own.target })).values).toEqual(own.values);
    const chat = await run({ lens: 'blocks', target: 'bad', chat: true });
    expect(chat.text).toBe(`ask ${PROMPT} no`);
    expect(Math.abs(chat.values.full - (await logProb(chat.text, ' bad', new Array(6).fill(1))))).toBeLessThan(FLOAT32);
  });

  it('is of labelled prompts: the mean log-probability or log-odds of what should follow each, or how often it is the likeliest', async () => {
    const examples = [
      { text: 'the cat is', label: 'bad' },
      { text: 'is it', label: 'no' },
      { text: 'the', label: 'bad' },
      { text: 'not', label: 'no' },
    ];
    const masks = Array.from({ length: 16 }, (_, m) => [0, 1, 2, 3].map((bit) => (m >> bit) & 1));
    const mean = async (values: number[], of: (right: number, wrong: number) => number) => {
      let sum = 0;
      for (const { text, label } of examples) {
        const [right, wrong] = [await logProb(text, ` ${label}`, values), await logProb(text, label === 'bad' ? ' no' : ' bad', values)];
        sum += of(right, wrong) / examples.length;
      }
      return sum;
    };
    const scalars = {
      'log-prob': (right: number) => right,
      'log-odds': (right: number, wrong: number) => right - wrong,
      accuracy: (right: number, wrong: number) => Number(right > wrong),
    };
    for (const [scalar, of] of Object.entries(scalars)) {
      const found = await ex.evaluate('', { masks, lens: 'heads', examples, scalar: scalar as SetScalar });
      for (const [m, [a, b, c, d]] of masks.entries())
        expect(Math.abs(found[m] - (await mean([a, b, 1, c, d, 1], of)))).toBeLessThan(FLOAT32);
      if (scalar === 'accuracy') expect(new Set(found).size).toBeGreaterThan(1);
    }
    const e = await run({ lens: 'heads', examples }, '');
    expect(e).toMatchObject({ text: '', target: '4 labelled texts', scalar: 'mean log-prob', mask: 'zero' });
    expect(await run({ lens: 'heads', examples, scalar: 'accuracy', ablation: 'mean' }, '')).toMatchObject({
      scalar: 'accuracy',
      mask: 'mean',
    });
    const asked = await run({ lens: 'heads', examples: examples.slice(0, 1), chat: true }, '');
    expect(Math.abs(asked.values.full - (await logProb('ask the cat is no', ' bad', new Array(6).fill(1))))).toBeLessThan(FLOAT32);
  });

  it.each([
    [{ examples: [] }, /examples: expected at least one labelled text/],
    [{ examples: [{ label: 'bad', text: 'the' }], target: 'bad' }, /target: expected none with labelled texts/],
    [{ examples: [{ label: 'bad', text: 'the' }], scalar: 'prob' }, /scalar: expected log-prob, log-odds, accuracy of labelled texts/],
    [
      { examples: [{ label: 'bad', text: 'the' }], scalar: 'accuracy' },
      /scalar accuracy: expected several labels in the set, got bad alone/,
    ],
    [
      { examples: ['bad', 'no', 'cat'].map((label) => ({ label, text: 'the' })), scalar: 'log-odds' },
      /scalar log-odds: expected two labels in the set, got 3/,
    ],
    [
      {
        examples: [
          { label: 'bad', text: 'the' },
          { label: 'no', text: 'is it '.repeat(60) },
        ],
      },
      /example 2: expected at most \d+ tokens/,
    ],
  ] as [TextOptions, RegExp][])('of labelled prompts with %j is refused', async (options, message) => {
    expect((await rejectedBy(run({ lens: 'heads', ...options }, ''))).message).toMatch(message);
  });

  it.each([
    [{ scalar: 'accuracy', target: 'bad' }, /scalar: expected log-prob for one continuation, got accuracy/],
    [{ layers: [2] }, /layers: expected numbers from 0 to 1/],
    [{ examples: [{ label: 'a', text: 'b' }] }, /examples: expected either a text or labelled texts, got both/],
    [{ ablation: 'mean', reference: [] }, /reference: expected at least one text/],
    [{ lock: 'none' }, /lock: expected none with lens heads/],
  ] as [TextOptions, RegExp][])('with %j is refused', async (options, message) => {
    expect((await rejectedBy(run({ lens: 'heads', ...options }))).message).toMatch(message);
  });
});
