import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadClassifier } from '../../src/model/load.ts';
import { loadMasked } from '../../src/model/masked.ts';
import type { BlankSequences, ModelSource } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { excess } from '../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { rejectedBy } from './support.ts';
import { sequences } from './tiny-encoder.ts';

/** The bound for a number against PyTorch. */
const GOLDEN = 1e-4;

const HEADS = new URL('golden/tiny-heads/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('golden.json', HEADS), 'utf8')) as {
  folders: Record<string, { architecture: string; rows: { text: string; ids: number[]; blank: number; row: number[] }[] }>;
};
const folder = (name: string) => openSource(new URL(`${name}/`, HEADS));
useBackends();

const withBlanks = (rows: readonly { ids: number[]; blank: number }[]): BlankSequences => ({
  ...sequences(rows.map((r) => r.ids)),
  blanks: Uint32Array.from(rows, (r) => r.blank),
});

describe('a masked language model that transformers saved', () => {
  it.each([
    ['words-bert', 'two layers of 18 channels, relu, BF16'],
    ['words-distilbert', 'two layers of 18 channels, gelu, F32'],
    ['words-electra', 'two layers of 20 channels on words of 12, gelu in the head, F32'],
    ['words-roberta', 'two layers of 18 channels, positions after the padding token’s, F16'],
  ])('%s (%s) gives PyTorch’s log-probabilities of the words in a blank on every backend', async (name) => {
    const { architecture, rows } = golden.folders[name];
    for (const backend of [reference, wasm, webgpu]) {
      const model = await loadMasked(folder(name), { backend });
      expect(model.info).toMatchObject({ id: name, architecture, labels: [] });
      const vocabulary = rows[0].row.length;
      for (let token = 0; token < vocabulary; token += 7) {
        const pair = [token, vocabulary - 1 - token];
        const { logProbs, best } = await model.fill(withBlanks(rows), pair);
        const want = rows.flatMap(({ row }) => pair.map((t) => row[t]));
        expect(excess(logProbs, want, GOLDEN, 0)).toBeLessThanOrEqual(1);
        expect([...best]).toEqual(rows.map(({ row }) => row.indexOf(Math.max(...row))));
      }
      model.destroy();
    }
  });

  it('tells one token alone, equal texts once, and texts that differ in their blank apart', async () => {
    const { rows } = golden.folders['words-bert'];
    const model = await loadMasked(folder('words-bert'), { backend: reference });
    const [a, b] = [rows[0], { ...rows[0], blank: rows[0].blank + 1 }];
    const { logProbs } = await model.fill(withBlanks([a, b, a]), [9]);
    expect(model.counters).toMatchObject({ sequences: 3, distinctSequences: 2 });
    const alone = await model.fill(withBlanks([b]), [9]);
    expect(logProbs).toEqual(Float64Array.of(logProbs[0], alone.logProbs[0], logProbs[0]));
    expect(logProbs[1]).not.toBe(logProbs[0]);
    model.destroy();
  });

  it.each([
    ['a blank beyond its sequence', { blanks: [99] }, [9], /a blank among the \d+ tokens of sequence 0, got 99/],
    ['no blank', { blanks: [] }, [9], /1 blanks, got 0/],
    ['three tokens', {}, [1, 2, 3], /1 or 2 tokens, got 3/],
    ['a token beyond the vocabulary', {}, [60], /token ids below 60, got 60/],
  ])('refuses %s', async (_, change: { blanks?: number[] }, tokens, message) => {
    const row = golden.folders['words-bert'].rows[0];
    const model = await loadMasked(folder('words-bert'), { backend: reference });
    const asked = { ...sequences([row.ids]), blanks: Uint32Array.from(change.blanks ?? [row.blank]) };
    const error = await rejectedBy(model.fill(asked, tokens));
    expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    model.destroy();
  });
});

describe('an encoder without a head', () => {
  it.each([
    ['mean-bert', 'one layer of 20 channels in 5 heads, nothing said of pooling'],
    ['mean-distilbert', 'two layers of 18 channels in 3 heads, modules.json: mean, normalised'],
    ['first-roberta', 'two layers of 18 channels in 3 heads, modules.json: first token'],
  ])('%s (%s) gives what PyTorch’s rows pool to, on every backend', async (name) => {
    const { architecture, rows } = golden.folders[name];
    for (const backend of [reference, wasm, webgpu]) {
      const model = await loadClassifier(folder(name), { backend, head: 'none' });
      expect(model.info).toMatchObject({ id: name, architecture });
      expect(model.info.labels).toHaveLength(rows[0].row.length);
      const got = await model.classify(sequences(rows.map((r) => r.ids)));
      const want = rows.flatMap((r) => r.row);
      expect(excess(got, want, GOLDEN, 0)).toBeLessThanOrEqual(1);
      model.destroy();
    }
  });

  const changed = (name: string, files: Record<string, string | null>): ModelSource => {
    const source = folder(name);
    return {
      ...source,
      async read(file, onProgress) {
        const text = files[file];
        return typeof text === 'string' ? new TextEncoder().encode(text) : source.read(text === null ? `${file}.gone` : file, onProgress);
      },
    };
  };
  const module = (type: string, path = '') => ({ type: `sentence_transformers.models.${type}`, path });
  it.each([
    [
      'a module that turns features',
      [module('Transformer'), module('Dense', '2_Dense')],
      'unsupported-model',
      /modules\.json: expected Pooling, .*got Dense/,
    ],
    ['a pooling out of the folder', [module('Pooling', '../elsewhere')], 'bad-file', /modules\.json: expected modules with type and path/],
    ['a pooling that is not there', [module('Pooling', 'gone')], 'not-found', /gone\/config\.json/],
    ['modules that are no list', { type: 'Pooling' }, 'bad-file', /modules\.json: expected a list/],
  ])('refuses %s', async (_, modules, code, message) => {
    const source = changed('mean-distilbert', { 'modules.json': JSON.stringify(modules) });
    expect(await rejectedBy(loadClassifier(source, { backend: reference, head: 'none' }))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['two poolings at once', { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }],
    ['pooling by maximum', { pooling_mode_max_tokens: true }],
  ])('refuses %s', async (_, mode) => {
    const source = changed('mean-distilbert', { '1_Pooling/config.json': JSON.stringify(mode) });
    expect(await rejectedBy(loadClassifier(source, { backend: reference, head: 'none' }))).toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(/1_Pooling\/config\.json: expected one of pooling_mode_mean_tokens and pooling_mode_cls_token, got/),
    });
  });

  it('is no classifier, and no masked language model', async () => {
    for (const load of [loadClassifier, loadMasked])
      expect(await rejectedBy(load(folder('mean-bert'), { backend: reference }))).toMatchObject({
        code: 'unsupported-model',
        message: expect.stringMatching(/architectures: expected BertFor(SequenceClassification|MaskedLM), got \["BertModel"\]/),
      });
  });
});
