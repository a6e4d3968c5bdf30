import { describe, expect, it } from 'vitest';
import { pipelineExplainer } from '../../src/explain/pipeline.ts';
import type { PipelineLike } from '../../src/lens/pipeline/pipeline.ts';
import { rejectedBy, thrownBy } from '../model/support.ts';

/** float32 logits. */
const CLOSE = 1e-6;

interface Calls {
  readonly texts: string[][];
}

/**
 * What pipeline('text-classification') of transformers.js 4.3.1 is, as far as it is asked: functions with fields. The logit of `good` is the
 * words there are and 5 more for `not` beside `bad`; a longer row of the batch must not change a shorter one.
 */
function fakePipeline(
  changes: { readonly mask?: string | null; readonly task?: string; readonly most?: number } = {},
): PipelineLike & Calls {
  const { mask = '[MASK]', task = 'text-classification', most = 512 } = changes;
  const texts: string[][] = [];
  const words = (text: string) => text.split(/\s+/).filter((w) => w !== '' && w !== '[MASK]');
  const tokenizer = (batch: string[], options: object) => {
    expect(options).toEqual({ padding: true, truncation: false });
    texts.push(batch);
    const longest = Math.max(...batch.map((text) => text.split(/\s+/).length)) + 2;
    return { input_ids: { dims: [batch.length, longest], data: new BigInt64Array(batch.length * longest) } };
  };
  const model = async ({ input_ids }: { input_ids: { dims: number[] } }) => {
    const batch = texts.at(-1) ?? [];
    expect(input_ids.dims[0]).toBe(batch.length);
    const good = batch.map((text) => words(text).length + (words(text).includes('not') && words(text).includes('bad') ? 5 : 0));
    return { logits: { dims: [batch.length, 2], data: Float32Array.from(good.flatMap((z) => [0, z])) } };
  };
  return {
    task,
    texts,
    tokenizer: Object.assign(tokenizer, { mask_token: mask, unk_token: '[UNK]', model_max_length: most }),
    model: Object.assign(model, { config: { id2label: { 0: 'poor', 1: 'good' }, model_type: 'fake' } }),
  };
}

describe('a pipeline of transformers.js', () => {
  it('is explained by masking words in the text that its own tokenizer reads', async () => {
    const pipe = fakePipeline();
    const e = await pipelineExplainer(pipe).explain('It is not bad').result;
    expect(e).toMatchObject({ lens: 'text', target: 'good', scalar: 'log-odds', mask: 'mask-token', model: { id: 'fake pipeline' } });
    const value = (...members: number[]) => e.interactions.find((i) => i.members.join() === members.join())?.value ?? 0;
    expect(Math.abs(value(2, 3) - 5)).toBeLessThan(CLOSE);
    expect(Math.abs(value(0) - 1)).toBeLessThan(CLOSE);
    const asked = pipe.texts.flat();
    expect(asked).toContain('[MASK] is [MASK] bad');
    // The whole text to find the target, then all others, none twice.
    expect(asked).toHaveLength(16);
    expect(new Set(asked).size).toBe(16);
  });

  it.each([
    ['remove', ['It not', 'is bad', ''], 'mask'],
    ['replace:…', ['It … not …', '… is … bad', '… … … …'], 'mask'],
    ['neutral', ['It _ not _', ' _ is _ bad', ' _ _ _ _'], 'mask'],
    ['unk-token', ['It [UNK] not [UNK]', '[UNK] is [UNK] bad', '[UNK] [UNK] [UNK] [UNK]'], 'mask'],
  ])('%s: what absent words leave', async (mask, want) => {
    const pipe = fakePipeline();
    await pipelineExplainer(pipe).evaluate('It is not bad', {
      masks: [
        [1, 0, 1, 0],
        [0, 1, 0, 1],
        [0, 0, 0, 0],
      ],
      mask,
    });
    const asked = pipe.texts.slice(1).flat();
    expect(new Set(asked.map((t) => t.trimEnd()))).toEqual(
      new Set(want.map((t) => (mask === 'remove' && t.startsWith('is') ? ` ${t}` : t))),
    );
  });

  it('without a mask token words are removed', async () => {
    expect(await pipelineExplainer(fakePipeline({ mask: null })).describe('not bad')).toMatchObject({ mask: 'remove', target: 'good' });
    const error = await rejectedBy(pipelineExplainer(fakePipeline({ mask: null })).describe('not bad', { mask: 'mask-token' }));
    expect(error.message).toMatch(/^mask mask-token: expected a tokenizer with that token, got one without/);
  });

  it('says what is wrong: another task, no pipeline, tokens as units, a text too long, a model that fails', async () => {
    expect(thrownBy(() => pipelineExplainer(fakePipeline({ task: 'fill-mask' })))).toMatchObject({ code: 'unsupported-model' });
    expect(thrownBy(() => pipelineExplainer({ tokenizer: {}, model: {} })).code).toBe('usage');
    const ex = pipelineExplainer(fakePipeline({ most: 4 }));
    expect((await rejectedBy(ex.describe('a b', { units: 'token' }))).message).toMatch(/^units: expected word, sentence/);
    expect((await rejectedBy(ex.describe('a b c'))).message).toBe(
      'text: expected at most 4 tokens for this pipeline, got 5; shorten the text',
    );
    const failing = { ...fakePipeline(), model: Object.assign(async () => Promise.reject(new Error('no session')), { config: {} }) };
    expect(await rejectedBy(pipelineExplainer(failing).describe('a'))).toMatchObject({
      code: 'value-function',
      message: expect.stringMatching(/got an error: no session/),
    });
  });
});
