import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { paddedSizes } from '../../src/model/encoder.ts';
import { meanLayout } from '../../src/model/gate-step.ts';
import type { Gates, Model } from '../../src/model/model.ts';
import { excess } from '../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { rejectedBy } from './support.ts';
import { bertSizes, type NaiveGates, naiveLogits, randomTensors, sequences, type TinySizes, tinyModel } from './tiny-encoder.ts';

/** Both in float64, but gates, means, word + type embeddings, 1/√(head width) in Q and the logits themselves are rounded to float32. */
const FLOAT64 = { absolute: 3e-6, relative: 2e-6 };
/** A few layers in float32. */
const FLOAT32 = { absolute: 3e-5, relative: 2e-5 };

const SIZES: readonly TinySizes[] = [
  // One layer: nothing but read rows is gated. Five heads of 4 in 20 channels: every width padded.
  { layers: 1, width: 20, heads: 5, hidden: 28, activation: 'gelu-tanh', epsilon: 1e-5, labels: 3, vocabulary: 31, positions: 16 },
  // Heads of 6, padded to 8 each.
  { layers: 3, width: 12, heads: 2, hidden: 16, activation: 'gelu', epsilon: 1e-12, labels: 2, vocabulary: 31, positions: 16 },
];

useBackends();
const backends = () =>
  [
    [reference, FLOAT64],
    [wasm, FLOAT32],
    [webgpu, FLOAT32],
  ] as const;

const KINDS = [0, 1, 1, 0.5, 4 / 3];

/** Sequences of a few texts, each asked with several gates; layers before `from` are left alone. The first has gates of 1, the last is the second again. */
function asked(sizes: TinySizes, from: number, count: number) {
  const random = createRandom(from + 10 * sizes.layers);
  const columns = sizes.layers * (sizes.heads + 1);
  const texts = Array.from({ length: 4 }, (_, t) =>
    Array.from({ length: t === 0 ? 1 : 3 + random.below(sizes.positions - 3) }, () => random.below(sizes.vocabulary)),
  );
  const lists = Array.from({ length: count }, () => texts[random.below(4)]);
  const values = Float32Array.from({ length: count * columns }, (_, i) =>
    i < columns || i % columns < from * (sizes.heads + 1) ? 1 : KINDS[random.below(KINDS.length)],
  );
  lists[count - 1] = lists[1];
  values.copyWithin((count - 1) * columns, columns, 2 * columns);
  return { lists, values, columns, gatesOf: (s: number) => values.subarray(s * columns, (s + 1) * columns) };
}

/** A row of means as the naive pass takes it, cut out of the engine's. */
function unpadded(sizes: TinySizes, means: Float32Array): NaiveGates['means'] {
  const layout = meanLayout(sizes.layers, paddedSizes(bertSizes(sizes)));
  const { headWidth } = paddedSizes(bertSizes(sizes));
  const size = sizes.width / sizes.heads;
  return Array.from({ length: sizes.layers }, (_, l) => ({
    heads: Array.from({ length: sizes.width }, (_, c) => means[layout.heads(l) + Math.floor(c / size) * headWidth + (c % size)]),
    block: Array.from(means.subarray(layout.block(l), layout.block(l) + sizes.width)),
  }));
}

describe('a pass with gates', () => {
  it.each(SIZES.flatMap((sizes) => Array.from({ length: sizes.layers }, (_, from) => [from, sizes.layers, sizes] as const)))(
    'from layer %i of %i on is the paper’s with head and block outputs multiplied, in any chunks, on all backends',
    async (from, _, sizes) => {
      const tensors = randomTensors(sizes, 1);
      const { lists, values, gatesOf } = asked(sizes, from, 20);
      const want = lists.flatMap((ids, s) => naiveLogits(tensors, sizes, ids, { values: gatesOf(s) }));
      for (const [backend, { absolute, relative }] of backends()) {
        const model = await tinyModel(backend, sizes, tensors, 40);
        const got = await model.classify(sequences(lists), { gates: { values, from } });
        expect(excess(got, want, absolute, relative)).toBeLessThanOrEqual(1);
        const small = backend === webgpu ? null : await tinyModel(backend, sizes, tensors, 16);
        if (small) expect([...(await small.classify(sequences(lists), { gates: { values, from } }))]).toEqual([...got]);
        small?.destroy();
        model.destroy();
      }
    },
  );

  it('of 1 is the plain pass, bit for bit, whatever lies beside it and wherever the gates begin', async () => {
    const sizes = SIZES[1];
    for (const [backend] of backends()) {
      const model = await tinyModel(backend, sizes, randomTensors(sizes, 2), 40);
      for (let from = 0; from < sizes.layers; from++) {
        const { lists, values, columns } = asked(sizes, from, 12);
        for (let s = 0; s < 12; s += 3) values.fill(1, s * columns, (s + 1) * columns);
        const plain = await model.classify(sequences(lists));
        const gated = await model.classify(sequences(lists), { gates: { values, from } });
        for (let s = 0; s < 12; s += 3) expect([...gated.subarray(2 * s, 2 * s + 2)]).toEqual([...plain.subarray(2 * s, 2 * s + 2)]);
        expect([...gated]).not.toEqual([...plain]);
      }
      model.destroy();
    }
  });

  it('is the same, bit for bit in float64, whether what lies before the first gate is shared or not', async () => {
    const sizes = SIZES[1];
    const model = await tinyModel(reference, sizes, randomTensors(sizes, 3));
    const { lists, values } = asked(sizes, 2, 20);
    const [shared, later, alone] = await Promise.all(
      [2, 1, 0].map((from) => model.classify(sequences(lists), { gates: { values, from } })),
    );
    expect([...shared]).toEqual([...alone]);
    expect([...later]).toEqual([...alone]);
    model.destroy();
  });

  it('with gates of 0 puts the mean outputs over a reference set in their place, as the paper’s formulas give them', async () => {
    for (const sizes of SIZES) {
      const tensors = randomTensors(sizes, 4);
      const { lists, values, gatesOf } = asked(sizes, 0, 10);
      const sums = Array.from({ length: sizes.layers }, () => ({
        heads: new Array<number>(sizes.width).fill(0),
        block: new Array<number>(sizes.width).fill(0),
      }));
      let tokens = 0;
      for (const ids of lists) {
        tokens += ids.length;
        const add = (layer: number, part: 'heads' | 'block', row: readonly number[]) => {
          row.forEach((v, c) => {
            sums[layer][part][c] += v;
          });
        };
        naiveLogits(tensors, sizes, ids, { values: new Float32Array(values.length).fill(1), onOutput: add });
      }
      const wantMeans = sums.map(({ heads, block }) => ({ heads: heads.map((v) => v / tokens), block: block.map((v) => v / tokens) }));
      const want = lists.flatMap((ids, s) => naiveLogits(tensors, sizes, ids, { values: gatesOf(s), means: wantMeans }));
      for (const [backend, { absolute, relative }] of backends()) {
        // Its pipelines take long to compile; the padded sizes are those of the other backends' programs too.
        if (backend === webgpu && sizes !== SIZES[1]) continue;
        const model = await tinyModel(backend, sizes, tensors, 40);
        const means = await (model.components?.means(sequences(lists)) ?? expect.unreachable());
        const flat = (of: NaiveGates['means']) => (of ?? []).flatMap(({ heads, block }) => [...heads, ...block]);
        expect(excess(flat(unpadded(sizes, means)), flat(wantMeans), absolute, relative)).toBeLessThanOrEqual(1);
        expect(excess(await model.classify(sequences(lists), { gates: { values, means } }), want, absolute, relative)).toBeLessThanOrEqual(
          1,
        );
        model.destroy();
      }
    }
  });
});

describe('the plan of gated passes', () => {
  const sizes = SIZES[1];
  const tensors = randomTensors(sizes, 5);

  it('computes equal pairs of text and gates once, and the layers before the first gate once for each text of a chunk', async () => {
    const texts = [
      [1, 5, 6, 2],
      [1, 7, 2],
    ];
    // Both texts with three gates each, one of them twice, mixed.
    const lists = [0, 1, 0, 1, 1, 0, 0].map((t) => texts[t]);
    const columns = sizes.layers * (sizes.heads + 1);
    const of = (from: number) =>
      Float32Array.from([0, 1, 2, 0, 2, 1, 0].flatMap((kind) => Array.from({ length: columns }, (_, c) => (c < 3 * from ? 1 : kind / 2))));
    const counted = async (from: number) => {
      const model = await tinyModel(reference, sizes, tensors);
      await model.classify(sequences(lists), { gates: { values: of(from), from } });
      model.destroy();
      return model.counters;
    };
    const common = { sequences: 7, distinctSequences: 6, tableRows: 7, paddedTokens: 0, chunks: 1 };
    const flops = (C: number, A: number, F: number, labels: number) => ({
      qkv: 3 * C * A,
      keyValue: 2 * C * A,
      query: C * A,
      rest: A * C + 2 * C * F,
      head: C * C + C * labels,
    });
    const { qkv, keyValue, query, rest, head } = flops(16, 16, 16, 8);
    const [table, tokens, reads] = [7, 21, 6];
    const ends = reads * (query + rest + head);
    // Layer 0's Q, K and V for the texts; then two layers whole, and the last one's keys and values, for every sequence's tokens.
    expect(await counted(0)).toEqual({
      ...common,
      tokens,
      matmulFlops: 2 * (table * qkv + tokens * (rest + qkv + rest + keyValue) + ends),
    });
    expect(await counted(1)).toEqual({
      ...common,
      tokens,
      matmulFlops: 2 * (table * (qkv + rest + qkv) + tokens * (rest + keyValue) + ends),
    });
    // The last layer alone: no tokens but those of the texts.
    expect(await counted(2)).toEqual({
      ...common,
      tokens: 0,
      matmulFlops: 2 * (table * (2 * (qkv + rest) + keyValue) + ends),
    });
  });

  it('names the sequence whose numbers are not finite, in the order asked', async () => {
    const word = 'bert.embeddings.word_embeddings.weight';
    const values = (tensors.get(word)?.values ?? new Float32Array()).map((w, i) => (i === sizes.width * 30 + 3 ? Number.NaN : w));
    const model = await tinyModel(reference, sizes, new Map([...tensors, [word, { shape: [31, sizes.width], values }]]));
    const lists = [[5, 6], [5, 30], [5, 6], [7]];
    const gates = Float32Array.from({ length: 4 * 9 }, (_, i) => i / 36);
    const error = await rejectedBy(model.classify(sequences(lists), { gates: { values: gates } }));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in sequence 1, got/)]);
    model.destroy();
  });
});

describe('gates that a model cannot take', () => {
  it('are refused before anything is computed', async () => {
    const sizes = SIZES[1];
    const model: Model = await tinyModel(reference, sizes, randomTensors(sizes, 6));
    const ones = new Float32Array(9).fill(1);
    const error = (gates: Gates) => rejectedBy(model.classify(sequences([[1, 2]]), { gates }));
    const cases: [Gates, RegExp][] = [
      [{ values: new Float32Array(8) }, /expected 9 numbers for each of 1 sequences, got 8/],
      [{ values: ones.map((v, i) => (i === 4 ? Number.NaN : v)) }, /expected finite numbers, got NaN/],
      [{ values: ones, from: 3 }, /a first layer from 0 to 2, got 3/],
      [{ values: ones, from: 0.5 }, /a first layer from 0 to 2, got 0.5/],
      [{ values: ones.map((v, i) => (i === 2 ? 0 : v)), from: 1 }, /gates of 1 before layer 1, got 0/],
      [{ values: ones, means: new Float32Array(3) }, /expected \d+ means, got 3/],
    ];
    for (const [gates, message] of cases)
      expect(await error(gates)).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    expect((await rejectedBy(model.components?.means(sequences([])) ?? expect.unreachable())).code).toBe('empty-input');
    expect(model.counters.sequences).toBe(0);
    model.destroy();
  });
});
