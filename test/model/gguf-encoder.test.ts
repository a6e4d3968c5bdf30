import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openExplainer } from '../../src/explain/explainer.ts';
import { loadClassifier } from '../../src/model/load.ts';
import type { ModelSource } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { loadTokenizer } from '../../src/model/tokenizer.ts';
import { excess } from '../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { ggufFile, type Written, type WrittenTensor } from './gguf-file.ts';
import { rejectedBy } from './support.ts';
import { naiveLogits, randomTensors, sequences, type Tensors } from './tiny-encoder.ts';

/** The bound for a number against PyTorch. */
const GOLDEN = 1e-4;

useBackends();
const FOLDER = new URL('golden/tiny-gguf/', import.meta.url);
const read = (path: string) => readFileSync(new URL(`golden/${path}`, import.meta.url));
interface Row {
  readonly text: string;
  readonly ids: number[];
  readonly logits: number[];
  readonly row: number[];
}
const rowsOf = (folder: string, name: string) =>
  (JSON.parse(read(`${folder}/golden.json`).toString()) as { folders: Record<string, { rows: Row[] }> }).folders[name].rows;

describe('a BERT in a GGUF file as llama.cpp’s converter writes it', () => {
  it.each([
    ['bert-classifier', 'classifier', 'tiny/f32', 'BertForSequenceClassification'],
    ['bert-mean', 'none', 'tiny-heads/mean-distilbert', 'BertModel'],
  ] as const)(
    '%s (head %s) gives PyTorch’s numbers on every backend, and has the tokenizer of its folder',
    async (name, head, place, architecture) => {
      const [folder, base] = place.split('/');
      const rows = rowsOf(folder, base);
      const want = loadTokenizer(read(`${place}/tokenizer.json`));
      for (const backend of [reference, wasm, webgpu]) {
        const model = await loadClassifier(openSource(FOLDER), { backend, head }, `${name}.gguf`);
        expect(model.info).toMatchObject({ id: `${name}.gguf`, architecture });
        const got = await model.classify(sequences(rows.map(({ ids }) => ids)));
        expect(
          excess(
            got,
            rows.flatMap(({ logits, row }) => logits ?? row),
            GOLDEN,
            0,
          ),
        ).toBeLessThanOrEqual(1);
        for (const { text } of rows) {
          expect(model.tokenizer.encode(text)).toEqual(want.encode(text));
          const { before, after } = want.wrapping;
          expect(model.tokenizer.wrapping).toMatchObject({ before, after });
        }
        model.destroy();
      }
    },
  );

  it('is told by its file what it is for', async () => {
    for (const [name, task] of [
      ['bert-classifier', 'text-classification'],
      ['bert-mean', 'feature-extraction'],
      ['gpt2', 'text-generation'],
    ] as const) {
      const opened = await openExplainer(undefined, new URL(`${name}.gguf`, FOLDER).pathname, { device: 'reference' });
      expect([name, opened.task]).toEqual([name, task]);
      opened.destroy();
    }
  });
});

/** A file of these bytes in a folder of its own. */
const holding = (bytes: Uint8Array): ModelSource => ({
  ...openSource(FOLDER),
  read: async (file) => (file === 'a.gguf' ? bytes : openSource(FOLDER).read('gone')),
});

const SIZES = {
  layers: 2,
  width: 32,
  heads: 2,
  hidden: 64,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 3,
  vocabulary: 31,
  positions: 16,
} as const;
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^bert\.embeddings\.word_embeddings/, 'token_embd'],
  [/^bert\.embeddings\.position_embeddings/, 'position_embd'],
  [/^bert\.embeddings\.token_type_embeddings/, 'token_types'],
  [/^bert\.embeddings\.LayerNorm/, 'token_embd_norm'],
  [/^bert\.encoder\.layer\.(\d)\.attention\.self\.query/, 'blk.$1.attn_q'],
  [/^bert\.encoder\.layer\.(\d)\.attention\.self\.key/, 'blk.$1.attn_k'],
  [/^bert\.encoder\.layer\.(\d)\.attention\.self\.value/, 'blk.$1.attn_v'],
  [/^bert\.encoder\.layer\.(\d)\.attention\.output\.dense/, 'blk.$1.attn_output'],
  [/^bert\.encoder\.layer\.(\d)\.attention\.output\.LayerNorm/, 'blk.$1.attn_output_norm'],
  [/^bert\.encoder\.layer\.(\d)\.intermediate\.dense/, 'blk.$1.ffn_up'],
  [/^bert\.encoder\.layer\.(\d)\.output\.dense/, 'blk.$1.ffn_down'],
  [/^bert\.encoder\.layer\.(\d)\.output\.LayerNorm/, 'blk.$1.layer_output_norm'],
  [/^bert\.pooler\.dense/, 'cls'],
  [/^classifier/, 'cls.output'],
];
const ggufName = (name: string) => NAMES.reduce((made, [from, to]) => made.replace(from, to), name);

/** Matrices in blocks of 32 int8 with half a scale (ggml's Q8_0) and what they hold; vectors as they are. */
function quantised(tensors: Tensors): { files: WrittenTensor[]; held: Tensors } {
  const held = new Map<string, { shape: number[]; values: Float32Array }>();
  const files = [...tensors].map(([name, { shape, values }]): WrittenTensor => {
    const common = { name: ggufName(name), sizes: [...shape].reverse() };
    if (shape.length === 1) {
      held.set(name, { shape: [...shape], values });
      return { ...common, type: 0, bytes: new Uint8Array(values.slice().buffer) };
    }
    const bytes = new Uint8Array((values.length / 32) * 34);
    const view = new DataView(bytes.buffer);
    const rounded = new Float32Array(values.length);
    for (let block = 0; block < values.length / 32; block++) {
      // 2⁻⁵ is 0x2800 as a half.
      view.setUint16(34 * block, 0x2800, true);
      for (let i = 0; i < 32; i++) {
        const level = Math.max(-127, Math.min(127, Math.round(values[32 * block + i] * 32)));
        view.setInt8(34 * block + 2 + i, level);
        rounded[32 * block + i] = level / 32;
      }
    }
    held.set(name, { shape: [...shape], values: rounded });
    return { ...common, type: 8, bytes };
  });
  return { files, held };
}

const METADATA: Readonly<Record<string, Written>> = {
  ...{ 'general.architecture': 'bert', 'bert.block_count': 2, 'bert.context_length': 16, 'bert.embedding_length': 32 },
  ...{ 'bert.feed_forward_length': 64, 'bert.attention.head_count': 2, 'bert.attention.layer_norm_epsilon': 1e-12 },
  ...{ 'bert.attention.causal': false, 'bert.classifier.output_labels': ['a', 'b', 'c'], 'tokenizer.ggml.model': 'bert' },
  'tokenizer.ggml.tokens': ['[UNK]', '[CLS]', '[SEP]', ...Array.from({ length: 28 }, (_, i) => `▁w${i}`)],
};

describe('a BERT of levels in a GGUF file', () => {
  const { files, held } = quantised(randomTensors(SIZES, 5));
  const lists = [
    [1, 9, 7, 2],
    [1, 2],
    [1, 9, 9, 30, 11, 2],
  ];

  it('gives the logits that its levels make by the textbook, stored or as float32, on every backend', async () => {
    const source = holding(ggufFile(METADATA, files));
    const want = lists.flatMap((ids) => naiveLogits(held, SIZES, ids));
    for (const backend of [reference, wasm, webgpu])
      for (const weights of ['stored', 'float32'] as const) {
        const model = await loadClassifier(source, { backend, weights }, 'a.gguf');
        expect(model.info.labels).toEqual(['a', 'b', 'c']);
        expect(excess(await model.classify(sequences(lists)), want, GOLDEN, 0)).toBeLessThanOrEqual(1);
        model.destroy();
      }
  });

  const without = (...names: string[]) => files.filter(({ name }) => !names.some((n) => name === `${n}.weight` || name === `${n}.bias`));
  it.each([
    [
      'another encoder',
      { 'general.architecture': 'nomic-bert' },
      files,
      'unsupported-model',
      /general\.architecture: expected bert for an encoder, got "nomic-bert"/,
    ],
    [
      'another tokenizer',
      { 'tokenizer.ggml.model': 't5' },
      files,
      'unsupported-model',
      /tokenizer\.ggml\.model: expected bert for an encoder, got "t5"/,
    ],
    [
      'attention to what comes before alone',
      { 'bert.attention.causal': true },
      files,
      'unsupported-model',
      /bert\.attention\.causal: expected false, got true/,
    ],
    [
      'a classifier whose pooler was left out',
      {},
      without('cls'),
      'unsupported-model',
      /tensor cls\.weight: expected it in a classifier, got none/,
    ],
    [
      'labels of another number',
      { 'bert.classifier.output_labels': ['a', 'b'] },
      files,
      'bad-file',
      /output_labels: expected 3 entries, got 2/,
    ],
    [
      'a missing matrix',
      {},
      without('blk.1.ffn_up'),
      'bad-file',
      /expected tensor bert\.encoder\.layer\.1\.intermediate\.dense\.weight, got none/,
    ],
    [
      'a matrix of another shape',
      { 'bert.feed_forward_length': 32 },
      files,
      'bad-file',
      /expected bert\.encoder\.layer\.0\.intermediate\.dense\.weight of shape \[32, 32\], got \[64, 32\]/,
    ],
    [
      'more tokens than words',
      { 'tokenizer.ggml.tokens': [...(METADATA['tokenizer.ggml.tokens'] as string[]), '▁more'] },
      files,
      'bad-file',
      /a\.gguf: expected ids below vocab_size 31, got 32/,
    ],
  ] as const)('is refused with %s', async (_, metadata, tensors, code, message) => {
    const source = holding(ggufFile({ ...METADATA, ...metadata } as Record<string, Written>, tensors));
    expect(await rejectedBy(loadClassifier(source, { backend: reference }, 'a.gguf'))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('without its head is refused where its pooling is another, and gives features otherwise', async () => {
    const load = (pooling: number) =>
      loadClassifier(
        holding(ggufFile({ ...METADATA, 'bert.pooling_type': pooling }, without('cls'))),
        { backend: reference, head: 'none' },
        'a.gguf',
      );
    expect(await rejectedBy(load(3))).toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(/bert\.pooling_type: expected 0, 1 or 2 .*got 3/),
    });
    const [mean, first] = [await load(1), await load(2)];
    const [a, b] = [await mean.classify(sequences(lists)), await first.classify(sequences(lists))];
    expect([a.length, b.length]).toEqual([3 * 32, 3 * 32]);
    expect([...a]).not.toEqual([...b]);
  });
});
