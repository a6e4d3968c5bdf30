import { describe, expect, it } from 'vitest';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { allMasks, isPresent } from '../../src/core/masks.ts';
import { EMBEDDED_MODEL } from '../../src/embedded.ts';
import { createExplainer, type Explainer } from '../../src/explain/explainer.ts';
import { onnxExplainer } from '../../src/explain/onnx.ts';
import { openTextSide, type TextSide } from '../../src/lens/onnx/text.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { openSource } from '../../src/model/source.ts';
import { open } from '../lens/onnx/runtime.ts';
import { rejectedBy, thrownBy } from '../model/support.ts';
import { onnxOfFolder } from '../support/onnx/checkpoint.ts';
import { createGraph } from '../support/onnx/graph.ts';

/** Float32 in onnxruntime against float32 here, of log-odds of about 5. */
const LOG_ODDS = 1e-4;
const TEXT = 'Her acting never fails to impress';

const rowsOf = (n: number) => {
  const masks = allMasks(n);
  return Array.from({ length: masks.count }, (_, r) => Array.from({ length: n }, (_, i) => Number(isPresent(masks, r, i))));
};

/** Token ids → their sum and 1, as a model of texts with whatever inputs are named. */
function sums(inputs: readonly (readonly [string, readonly (string | number)[]])[]): Uint8Array<ArrayBuffer> {
  const g = createGraph('sums', 17);
  const [ids, mask] = inputs.map(([name, dims]) => g.input(name, dims));
  const real = g.node('Cast', 'real', [mask === undefined ? ids : g.node('Mul', 'kept', [ids, mask])], { to: { i: 1 } });
  const sum = g.node('ReduceSum', 'sum', [real, g.ints('axis', [1])], { keepdims: { i: 1 } });
  return g.finish(g.node('Identity', 'score', [sum]), ['batch', 1]);
}

const letters: TextSide = {
  maxTokens: 12,
  pad: 9,
  tokenizer: {
    vocabularySize: 100,
    wrapping: { before: Uint32Array.of(1), between: null, after: Uint32Array.of(2) },
    special: { cls: 1, sep: 2, mask: 3, unk: 4, pad: 9 },
    encode: (text) => {
      const found = [...text.matchAll(/\S+/g)];
      return {
        ids: Uint32Array.from(found, ([word]) => Number(word)),
        tokens: found.map(([word]) => word),
        starts: Uint32Array.from(found, (m) => m.index),
        ends: Uint32Array.from(found, (m) => m.index + m[0].length),
      };
    },
    decode: () => '',
    idOf: () => null,
  },
};

describe('the embedded model as an ONNX file', () => {
  it('has, for every mask of a sentence and both ways of masking, the log-odds of our own engine', async () => {
    const source = openSource(EMBEDDED_MODEL);
    const model = await open(await onnxOfFolder(source), { id: 'minilm.onnx' });
    const theirs = onnxExplainer(model, { text: await openTextSide(source) });
    const backend = await createWasmBackend({ threads: 1 });
    const ours: Explainer = createExplainer(await loadClassifier(source, { backend }));
    for (const mask of ['mask-token', 'remove']) {
      const about = await theirs.describe(TEXT, { mask });
      expect(about).toEqual(await ours.describe(TEXT, { mask }));
      const question = { masks: rowsOf(6), target: 'positive', mask };
      const [got, want] = [await theirs.evaluate(TEXT, question), await ours.evaluate(TEXT, question)];
      for (let r = 0; r < 64; r++) expect(Math.abs(got[r] - want[r])).toBeLessThan(LOG_ODDS);
    }
    const e = await theirs.explain(TEXT).result;
    expect(e).toMatchObject({ lens: 'text', target: 'positive', scalar: 'log-odds', model: { id: 'minilm.onnx', sha256: model.sha256 } });
    ours.destroy();
    backend.destroy();
  });
});

describe('inputs of a model of texts', () => {
  /** What is left of 10 20 30 with special tokens 1 and 2, and 3 for a masked word. */
  const WANT = rowsOf(3).map((kept) => 3 + [10, 20, 30].reduce((sum, id, i) => sum + (kept[i] ? id : 3), 0));
  const REMOVED = rowsOf(3).map((kept) => 3 + [10, 20, 30].reduce((sum, id, i) => sum + (kept[i] ? id : 0), 0));
  const ask = (ex: Explainer, mask: string) => ex.evaluate('10 20 30', { masks: rowsOf(3), mask });

  it.each([
    [
      'ids and mask, any size',
      [
        ['input_ids', ['b', 't']],
        ['attention_mask', ['b', 't']],
      ],
    ],
    [
      'a batch of 5 that the file fixes',
      [
        ['input_ids', [5, 't']],
        ['attention_mask', [5, 't']],
      ],
    ],
    [
      'a length of 12 that the file fixes',
      [
        ['tokens', ['b', 12]],
        ['mask', ['b', 12]],
      ],
    ],
    [
      'both, and other names',
      [
        ['ids', [3, 12]],
        ['input_mask', [3, 12]],
      ],
    ],
    ['ids alone under any name: nothing is padded', [['x', ['b', 't']]]],
  ] as const)('%s', async (_, inputs) => {
    const ex = onnxExplainer(await open(sums(inputs)), { text: letters });
    expect([...(await ask(ex, 'mask-token'))]).toEqual(WANT);
    expect([...(await ask(ex, 'remove'))]).toEqual(REMOVED);
    expect(await ex.describe('10 20 30')).toMatchObject({ target: 'score', scalar: 'value' });
  });

  it('a text longer than the file’s own length is refused with both lengths', async () => {
    const ex = onnxExplainer(
      await open(
        sums([
          ['input_ids', ['b', 4]],
          ['attention_mask', ['b', 4]],
        ]),
      ),
      { text: letters },
    );
    expect((await rejectedBy(ex.describe('10 20 30'))).message).toMatch(/^text: expected at most 4 tokens .*got 5/);
  });

  it('says which input it does not know, and lists its shape', async () => {
    const pixels = createGraph('x', 17);
    pixels.input('pixels', ['b', 3, 4, 4], 'float32');
    const g = await open(pixels.finish(pixels.node('Flatten', 'logits', ['pixels']), ['b', 48]));
    const error = thrownBy(() => onnxExplainer(g, { text: letters }));
    expect(error.code).toBe('unsupported-model');
    expect(error.message).toMatch(/expected inputs of tokens .*got pixels float32 \[b, 3, 4, 4\]/);
  });

  it('refuses what belongs to other lenses, another output and labels of another number', async () => {
    const model = await open(sums([['input_ids', ['b', 't']]]));
    const ex = onnxExplainer(model, { text: letters });
    expect((await rejectedBy(ex.describe('1', { lens: 'heads' }))).message).toMatch(/^lens: expected none with an ONNX model, got heads/);
    expect((await rejectedBy(ex.describe('1', { layers: [1] }))).message).toMatch(/^layers: expected a lens of/);
    expect((await rejectedBy(ex.describe('1', { target: 'other' }))).message).toMatch(/^target: expected one of score, got other/);
    expect(thrownBy(() => onnxExplainer(model, { text: letters, output: 'y' })).message).toMatch(
      /^output: expected one of model\.onnx \(score float32 \[batch, 1\]\), got y/,
    );
    expect(thrownBy(() => onnxExplainer(model, {})).message).toMatch(/^onnx: expected either an input or a tokenizer .*got neither/);
    const named = onnxExplainer(model, { text: letters, labels: ['a', 'b'] });
    expect((await rejectedBy(named.describe('1'))).message).toMatch(/^labels: expected 1 for output score, got 2/);
  });
});

describe('opening', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['other bytes', Uint8Array.of(1, 2, 3)],
  ])('refuses %s as no ONNX model', async (_, bytes) => {
    expect(await rejectedBy(open(bytes, { id: 'x.onnx' }))).toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/^x\.onnx: expected an ONNX model/),
    });
  });

  it('passes on the runtime’s words where it knows no such operator, and where a run fails', async () => {
    const g = createGraph('x', 17);
    g.input('x', ['b', 2], 'float32');
    const bytes = g.finish(g.node('Frobnicate', 'y', ['x']), ['b', 2]);
    const refused = await rejectedBy(open(bytes));
    expect(refused.code).toBe('unsupported-model');
    expect(refused.message).toMatch(/Frobnicate/);
    const ex = onnxExplainer(
      await open(
        sums([
          ['input_ids', ['b', 't']],
          ['attention_mask', ['b', 3]],
        ]),
      ),
      { text: letters },
    );
    expect((await rejectedBy(ex.describe('1 1 1 1'))).code).toBe('too-long');
  });
});
