import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { WebspexError } from '../../src/core/errors.ts';
import { allMasks } from '../../src/core/masks.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { sha256Hex } from '../../src/model/manifest.ts';
import type { ModelSource, ProgressEvent } from '../../src/model/model.ts';
import { readSafetensors, type Tensor, toFloat32 } from '../../src/model/safetensors.ts';
import { openSource } from '../../src/model/source.ts';
import { excess } from '../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { rejectedBy, type StoredTensor, safetensorsFile } from './support.ts';
import { sequences } from './tiny-encoder.ts';

/** The bound for a logit against PyTorch. */
const LOGIT = 1e-4;

const TINY = new URL('golden/tiny/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('golden.json', TINY), 'utf8')) as {
  folders: Record<string, { architecture: string; labels: string[]; rows: { text: string; ids: number[]; logits: number[] }[] }>;
};
useBackends();

describe('a folder that transformers saved', () => {
  it.each([
    ['f16', 'one layer of 20 channels in 5 heads, gelu_new, 3 named labels, F16'],
    ['bf16', 'two layers of 18 channels in 3 heads, relu, labels without names, BF16'],
    ['f32', 'three layers of 12 channels in 1 head, gelu, 5 labels, one token type, F32'],
    ['distilbert', 'two layers of 18 channels in 3 heads, gelu, 3 labels, F32'],
    ['electra', 'embeddings of 12, two layers of 20 channels in 2 heads, relu, 2 named labels, F32'],
    ['electra-base', 'embeddings as wide as the layer of 15 channels in 3 heads, gelu, 4 labels, F16'],
    ['roberta', 'byte-level BPE, positions after the padding token’s, two layers of 18 channels in 3 heads, 3 labels, F16'],
    [
      'xlm-roberta',
      'Unigram, positions after the padding token’s, one layer of 12 channels in 2 heads, 2 named labels, F32 in several files',
    ],
  ])('%s (%s) gives PyTorch’s logits on every backend, from the ids that its tokenizer gives', async (name) => {
    const { architecture, labels, rows } = golden.folders[name];
    const want = rows.flatMap((r) => r.logits);
    expect(Math.max(...want) - Math.min(...want)).toBeGreaterThan(0.5);
    for (const backend of [reference, wasm, webgpu]) {
      const model = await loadClassifier(openSource(new URL(`${name}/`, TINY)), { backend });
      expect(model.info).toMatchObject({ id: name, labels, architecture, dtype: 'f32' });
      const got = await model.classify(sequences(rows.map((r) => r.ids)));
      expect(excess(got, want, LOGIT, 0)).toBeLessThanOrEqual(1);
      const { special, wrapping } = model.tokenizer;
      for (const { text, ids } of rows.filter((r) => !r.ids.includes(special.mask as number)))
        expect([...wrapping.before, ...model.tokenizer.encode(text).ids, ...wrapping.after]).toEqual(ids);
      model.destroy();
    }
  });

  it.each(Object.keys(golden.folders))('%s gives the same bits for every mask of a text together as for each alone', async (name) => {
    const model = await loadClassifier(openSource(new URL(`${name}/`, TINY)), { backend: reference });
    // A word twice, so that removal makes equal texts.
    const split = splitPlayers(model.tokenizer, 'not bad at all not');
    const labels = model.info.labels.length;
    for (const kind of ['mask-token', 'remove'] as const) {
      const asked = maskSequences(allMasks(5), split, { kind }, model.tokenizer, model.info.maxTokens);
      const together = await model.classify(asked);
      for (let m = 0; m < 32; m++) {
        const alone = await model.classify(sequences([[...asked.ids.subarray(asked.offsets[m], asked.offsets[m + 1])]]));
        expect([...together.subarray(m * labels, (m + 1) * labels)]).toEqual([...alone]);
      }
    }
    model.destroy();
  });

  it.each([
    ['bf16', 'bert.pooler.dense', Math.tanh],
    ['distilbert', 'pre_classifier', (v: number) => Math.max(0, v)],
  ] as const)('%s without its head gives the features that its head makes PyTorch’s logits of', async (name, dense, activation) => {
    const { rows } = golden.folders[name];
    const file = readSafetensors(readFileSync(new URL(`${name}/model.safetensors`, TINY)));
    const linear = (from: string, x: readonly number[]) => {
      const [weight, bias] = ['weight', 'bias'].map((part) => toFloat32(part, file.get(`${from}.${part}`) as Tensor));
      return [...bias].map((b, o) => x.reduce((sum, v, i) => sum + v * weight[o * x.length + i], b));
    };
    for (const backend of [reference, wasm, webgpu]) {
      const model = await loadClassifier(openSource(new URL(`${name}/`, TINY)), { backend, head: 'none' });
      const width = model.info.labels.length;
      const features = await model.classify(sequences(rows.map((r) => r.ids)));
      rows.forEach(({ logits }, r) => {
        const row = [...features.subarray(r * width, (r + 1) * width)];
        expect(excess(linear('classifier', linear(dense, row).map(activation)), logits, LOGIT, 0)).toBeLessThanOrEqual(1);
      });
      model.destroy();
    }
  });
});

const files = Object.fromEntries(
  ['config.json', 'tokenizer.json', 'model.safetensors'].map((file) => [file, new Uint8Array(readFileSync(new URL(`f32/${file}`, TINY)))]),
);
/** The folder `f32` with some files changed or, where null, absent. */
function sourceWith(changes: Readonly<Record<string, Uint8Array | null>>): ModelSource {
  return {
    id: 'changed',
    revision: '',
    async read(file) {
      const bytes = file in changes ? changes[file] : files[file];
      if (!bytes) throw new WebspexError('not-found', `expected ${file}, got none`);
      return bytes;
    },
  };
}
const failureOf = (changes: Readonly<Record<string, Uint8Array | null>>, backend = reference) =>
  rejectedBy(loadClassifier(sourceWith(changes), { backend }));
const config = (change: object) => {
  const json = JSON.parse(new TextDecoder().decode(files['config.json'])) as object;
  return { 'config.json': new TextEncoder().encode(JSON.stringify({ ...json, ...change })) };
};
/** The weights with some tensors replaced or, where null, left out. */
function weights(changes: Readonly<Record<string, StoredTensor | null>>) {
  const all: Record<string, StoredTensor> = Object.fromEntries(readSafetensors(files['model.safetensors']));
  for (const [name, tensor] of Object.entries(changes))
    if (tensor) all[name] = tensor;
    else delete all[name];
  return { 'model.safetensors': safetensorsFile(all) };
}
const f32 = (shape: number[], fill = 0.5): StoredTensor => {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(fill);
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) };
};

describe('a bad folder is refused with a typed error that names what is wrong:', () => {
  const CLASSIFIER = 'classifier.weight';
  const cases: [string, Record<string, Uint8Array | null>, string, RegExp][] = [
    ['no config', { 'config.json': null }, 'not-found', /config\.json/],
    ['no tokenizer', { 'tokenizer.json': null }, 'not-found', /tokenizer\.json/],
    ['no weights', { 'model.safetensors': null }, 'not-found', /model\.safetensors/],
    ['weights cut short', { 'model.safetensors': files['model.safetensors'].subarray(0, -1) }, 'bad-file', /truncated/],
    ['weights cut in the header', { 'model.safetensors': files['model.safetensors'].subarray(0, 100) }, 'bad-file', /for the header/],
    ['no tensor', weights({ [CLASSIFIER]: null }), 'bad-file', /expected tensor classifier\.weight, got none/],
    [
      'a tensor too many',
      weights({ 'bert.encoder.layer.3.x': f32([1]) }),
      'bad-file',
      /no other tensors .* got bert\.encoder\.layer\.3\.x/,
    ],
    ['a shape', weights({ [CLASSIFIER]: f32([5, 11]) }), 'bad-file', /classifier\.weight of shape \[5, 12\], got \[5, 11\]/],
    ['a transposed matrix', weights({ [CLASSIFIER]: f32([12, 5]) }), 'bad-file', /shape \[5, 12\], got \[12, 5\]/],
    ['a NaN', weights({ [CLASSIFIER]: f32([5, 12], Number.NaN) }), 'bad-file', /classifier\.weight/],
    ['an infinite bias', weights({ 'classifier.bias': f32([5], Number.POSITIVE_INFINITY) }), 'bad-file', /classifier\.bias/],
    ['whole numbers', weights({ [CLASSIFIER]: { dtype: 'I32', shape: [5, 12], bytes: new Uint8Array(240) } }), 'bad-file', /got I32/],
    [
      'int8 without scales',
      weights({ [CLASSIFIER]: { dtype: 'I8', shape: [5, 12], bytes: new Uint8Array(60) } }),
      'bad-file',
      /classifier\.weight\.scale/,
    ],
    ['fewer layers than tensors', config({ num_hidden_layers: 2 }), 'bad-file', /got bert\.encoder\.layer\.2.* and 13 more/],
    ['more layers than tensors', config({ num_hidden_layers: 4 }), 'bad-file', /expected tensor bert\.encoder\.layer\.3/],
    ['another width', config({ hidden_size: 16 }), 'bad-file', /shape \[60, 16\], got \[60, 12\]/],
    ['more words than rows', config({ vocab_size: 59 }), 'bad-file', /ids below vocab_size 59, got 60/],
    ['other arithmetic', config({ position_embedding_type: 'relative_key' }), 'unsupported-model', /position_embedding_type/],
    ['a regression head', config({ id2label: { 0: 'score' } }), 'unsupported-model', /num_labels/],
  ];
  it.each(cases)('%s', async (_, changes, code, message) => {
    const error = await failureOf(changes);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  const shards = ['classifier.bias', 'classifier.weight'].map((name) => {
    const tensor = readSafetensors(files['model.safetensors']).get(name) as Tensor;
    return safetensorsFile({ [name]: tensor });
  });
  const index = (map: unknown) => ({
    'model.safetensors': null,
    'model.safetensors.index.json': new TextEncoder().encode(JSON.stringify({ weight_map: map })),
    'a.safetensors': shards[0],
    'b.safetensors': shards[1],
  });
  it('an index of several weight files beside a manifest that does not list them', async () => {
    const manifest = { format: 'webspex-model', version: 1, id: 'm', revision: '', files: {} as Record<string, object> };
    const all: Record<string, Uint8Array | null> = { ...files, ...index({ 'classifier.bias': 'a.safetensors' }) };
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors.index.json']) {
      const bytes = all[name] as Uint8Array;
      manifest.files[name] = { bytes: bytes.length, sha256: await sha256Hex(bytes) };
    }
    const error = await failureOf({ ...all, 'manifest.json': new TextEncoder().encode(JSON.stringify(manifest)) });
    expect([error.code, error.message]).toEqual([
      'bad-file',
      expect.stringMatching(/manifest\.json: files: expected a\.safetensors among them/),
    ]);
  });

  const both = { 'classifier.bias': 'a.safetensors', [CLASSIFIER]: 'b.safetensors' };
  const bad: [string, Record<string, Uint8Array | null>, string, RegExp][] = [
    ['no map', index(undefined), 'bad-file', /index\.json: weight_map: expected an object, got none/],
    ['nothing in it', index({}), 'bad-file', /1 to 1000 files, got 0/],
    ['a way out of the folder', index({ x: '../a.safetensors' }), 'bad-file', /"x": expected the name of .*, got "\.\.\/a/],
    ['a file that is no safetensors', index({ x: 'a.bin' }), 'bad-file', /got "a\.bin"/],
    ['an absent file', index({ ...both, x: 'c.safetensors' }), 'not-found', /c\.safetensors/],
    ['a tensor that its file lacks', index({ ...both, x: 'a.safetensors' }), 'bad-file', /expected tensor x in a\.safetensors, got none/],
    ['a tensor that is not listed', index({ x: 'a.safetensors' }), 'bad-file', /classifier\.bias of a\.safetensors to be listed/],
    ['too few tensors', index(both), 'bad-file', /expected tensor bert\.embeddings/],
  ];
  it.each(bad)('an index of several weight files with %s', async (_, changes, code, message) => {
    const error = await failureOf(changes);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  it('weights too large for the device’s buffers', async () => {
    const small: Backend = { ...reference, limits: { ...reference.limits, bufferBytes: 1500 } };
    const error = await failureOf({}, small);
    expect([error.code, error.message]).toEqual(['unsupported-model', expect.stringMatching(/at most 1500 bytes, got 3840 for tableQkv/)]);
  });
});

describe('loading', () => {
  it('plans smaller chunks where the device’s buffers are small, and the logits stay the same', async () => {
    const { rows } = golden.folders.f32;
    const asked = sequences(rows.map((r) => r.ids));
    // Twenty positions of 48 columns are the least that one text needs.
    const small: Backend = { ...reference, limits: { ...reference.limits, bufferBytes: 4 * 20 * 48 } };
    const [a, b] = await Promise.all([reference, small].map((backend) => loadClassifier(sourceWith({}), { backend })));
    expect([...(await b.classify(asked))]).toEqual([...(await a.classify(asked))]);
    expect(b.counters.chunks).toBeGreaterThan(a.counters.chunks);
  });

  it('takes position_ids, which old exports carry, for no weight', async () => {
    const ids = { dtype: 'I64', shape: [1, 20], bytes: new Uint8Array(160) };
    const model = await loadClassifier(sourceWith(weights({ 'bert.embeddings.position_ids': ids })), { backend: reference });
    expect(model.info.labels.length).toBe(5);
  });

  it('of int8 rows computes with exactly float32(int8) times the scale', async () => {
    const rows = Int8Array.from({ length: 60 }, (_, i) => 3 * i - 90);
    const scales = Float32Array.from([0.01, 0.003, 1e-5, 0.02, 0.0123]);
    const stored = weights({
      'classifier.weight': { dtype: 'I8', shape: [5, 12], bytes: new Uint8Array(rows.buffer) },
      'classifier.weight.scale': { dtype: 'F32', shape: [5], bytes: new Uint8Array(scales.buffer) },
    });
    const plain = Float32Array.from(rows, (q, i) => q * scales[Math.floor(i / 12)]);
    const dense = weights({ 'classifier.weight': { dtype: 'F32', shape: [5, 12], bytes: new Uint8Array(plain.buffer) } });
    const asked = sequences(golden.folders.f32.rows.map((r) => r.ids));
    const logits = await Promise.all(
      [stored, dense].map(async (w) => [...(await (await loadClassifier(sourceWith(w), { backend: reference })).classify(asked))]),
    );
    expect(logits[0]).toEqual(logits[1]);
  });

  it('tells how far it is, and stops at its signal', async () => {
    const events: ProgressEvent[] = [];
    const source = openSource(new URL('f32/', TINY));
    await loadClassifier(source, { backend: reference, onProgress: (e) => events.push(e) });
    expect(events.filter((e) => e.status === 'done').map((e) => e.file)).toEqual(['config.json', 'tokenizer.json', 'model.safetensors']);
    expect(events.at(-1)).toEqual({ status: 'ready', name: 'f32' });
    const stop = new AbortController();
    const stopping = loadClassifier(source, { backend: reference, signal: stop.signal, onProgress: () => stop.abort() });
    expect((await rejectedBy(stopping)).code).toBe('aborted');
  });

  it('names the weights that ran by the hash of their file', async () => {
    const { createHash } = await import('node:crypto');
    const model = await loadClassifier(sourceWith({}), { backend: reference });
    expect(model.info.sha256).toBe(createHash('sha256').update(files['model.safetensors']).digest('hex'));
  });
});
