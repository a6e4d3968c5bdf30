import * as web from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { EMBEDDED_MODEL } from '../../src/embedded.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { openSource } from '../../src/model/source.ts';
import { naiveLogits, randomTensors, sequences, type TinySizes, takeFrom } from '../../test/model/tiny-encoder.ts';
import { bertOnnx } from '../../test/support/onnx/bert.ts';
import { onnxOfFolder } from '../../test/support/onnx/checkpoint.ts';
import { int, join, message } from '../../test/support/onnx/protobuf.ts';
import { farthest } from '../src/contest.ts';
import { createPeer, type Peer } from '../src/peer.ts';
import { ON_WASM, useOneThread } from './one-thread.ts';

/** Float32 in onnxruntime against float64 here. */
const LOGIT = 1e-4;
const TINY: TinySizes = {
  layers: 2,
  width: 24,
  heads: 3,
  hidden: 40,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 3,
  vocabulary: 31,
  positions: 16,
};
const LISTS = [
  [1, 5, 2],
  [1, 9, 8, 7, 30, 11, 2],
  [1, 2],
  [1, 6, 6, 6, 2],
];

const keep = useOneThread<Peer>();
const open = async (model: Uint8Array) => keep(await createPeer(web, model, ON_WASM));

describe('protocol buffers', () => {
  it('are the bytes of the format’s own examples', () => {
    // 150 in field 1, and it as message 3: the encoding guide of Protocol Buffers.
    expect([...join(int(1, 150))]).toEqual([0x08, 0x96, 0x01]);
    expect([...join(message(3, int(1, 150)))]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
    expect([...join(int(1, -2))]).toEqual([0x08, 0xfe, ...new Array<number>(8).fill(0xff), 0x01]);
  });
});

describe('a BERT classifier as ONNX', () => {
  it.each(['gelu', 'relu'] as const)('gives the paper’s logits in onnxruntime, padded in one batch (%s)', async (activation) => {
    const sizes = { ...TINY, activation };
    const tensors = randomTensors(sizes, 5);
    const peer = await open(bertOnnx(sizes, { vocabulary: sizes.vocabulary, positions: sizes.positions, types: 2 }, takeFrom(tensors)));
    const got = await peer.logits(LISTS.map((list) => Uint32Array.from(list)));
    const want = LISTS.flatMap((list) => naiveLogits(tensors, sizes, list));
    expect(farthest(got, Float32Array.from(want))).toBeLessThan(LOGIT);
  });

  it('of the embedded model gives the logits of the float64 reference', async () => {
    const source = openSource(EMBEDDED_MODEL);
    const model = await loadClassifier(source, { backend: createReferenceBackend() });
    const texts = ['her acting never fails to impress', 'worst film ever', 'not bad', ''];
    const lists = texts.map((text) => [101, ...model.tokenizer.encode(text).ids, 102]);
    const want = await model.classify(sequences(lists));
    model.destroy();
    const peer = await open(await onnxOfFolder(source));
    const got = await peer.logits(lists.map((list) => Uint32Array.from(list)));
    expect(farthest(got, want)).toBeLessThan(LOGIT);
  });
});
