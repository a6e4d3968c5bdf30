import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { matmulFlops } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { allMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import { encoderProgram } from '../../src/model/encoder.ts';
import { embeddingSums } from '../../src/model/encoder-weights.ts';
import { packChunk } from '../../src/model/planner.ts';
import { readSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { excess } from '../compute/support.ts';
import { sequencesOf } from '../lens/text/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { plainProgram } from './plain-program.ts';
import {
  bertSizes,
  letters,
  naiveLogits,
  randomTensors,
  sequences,
  type Tensors,
  type TinySizes,
  tinyModel,
  tinyParts,
} from './tiny-encoder.ts';

/** Both in float64, but word + type embeddings, 1/√(head width) in Q and the logits themselves are rounded to float32. */
const FLOAT64 = { absolute: 2e-6, relative: 1e-6 };
/** A few layers in float32. */
const FLOAT32 = { absolute: 2e-5, relative: 1e-5 };

const SIZES: readonly TinySizes[] = [
  // One layer: no packed queries. Five heads of 4 in 20 channels: every width padded.
  { layers: 1, width: 20, heads: 5, hidden: 28, activation: 'gelu-tanh', epsilon: 1e-5, labels: 3, vocabulary: 31, positions: 16 },
  // Heads of 6, padded to 8 each.
  { layers: 2, width: 12, heads: 2, hidden: 16, activation: 'relu', epsilon: 1e-12, labels: 2, vocabulary: 31, positions: 16 },
  // Heads of 40, beyond the 32 columns of a slab.
  { layers: 3, width: 40, heads: 1, hidden: 48, activation: 'gelu', epsilon: 1e-12, labels: 9, vocabulary: 31, positions: 16 },
];

let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => webgpu.destroy());

function someSequences(sizes: TinySizes, count: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, s) =>
    Array.from({ length: s === 0 ? 1 : s === 1 ? sizes.positions : 1 + random.below(sizes.positions) }, () =>
      random.below(sizes.vocabulary),
    ),
  );
}

describe('the forward pass', () => {
  it.each(SIZES)(
    'of $layers layers, $width channels, $heads heads, $labels labels, $activation is the paper’s, on both backends',
    async (sizes) => {
      const tensors = randomTensors(sizes, 1);
      const lists = someSequences(sizes, 12, 2);
      const want = lists.flatMap((ids) => naiveLogits(tensors, sizes, ids));
      for (const [backend, { absolute, relative }] of [
        [reference, FLOAT64],
        [webgpu, FLOAT32],
      ] as const) {
        const model = await tinyModel(backend, sizes, tensors, 40);
        expect(excess(await model.classify(sequences(lists)), want, absolute, relative)).toBeLessThanOrEqual(1);
        model.destroy();
      }
    },
  );

  const folder = new URL('../../../shared/models/sst-tiny/', import.meta.url);
  it.skipIf(!existsSync(folder))('of a real small checkpoint gives its known logits (skipped where ../shared is absent)', async () => {
    const file = readSafetensors(readFileSync(new URL('model.safetensors', folder)));
    const golden = JSON.parse(readFileSync(new URL('golden.json', folder), 'utf8')) as { ids: number[]; logits: number[] }[];
    const sizes: TinySizes = {
      layers: 4,
      width: 128,
      heads: 4,
      hidden: 512,
      activation: 'gelu',
      epsilon: 1e-5,
      labels: 2,
      vocabulary: 6000,
      positions: 64,
    };
    const tensors = sstTiny(file, sizes);
    for (const backend of [reference, webgpu]) {
      const model = await tinyModel(backend, sizes, tensors);
      const got = await model.classify(sequences(golden.map((g) => g.ids)));
      expect(
        excess(
          got,
          golden.flatMap((g) => g.logits),
          1e-4,
          0,
        ),
      ).toBeLessThanOrEqual(1);
      model.destroy();
    }
  });
});

/** The checkpoint's tensors under Hugging Face names: Q, K and V come as one, and there are no token types. */
function sstTiny(file: ReturnType<typeof readSafetensors>, { layers, width }: TinySizes): Tensors {
  const out = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  const values = (name: string) => {
    const tensor = file.get(name);
    if (!tensor) throw new Error(`no ${name}`);
    return { shape: tensor.shape, values: toFloat32(name, tensor) };
  };
  const put = (name: string, from: string) => {
    for (const part of ['weight', 'bias']) out.set(`${name}.${part}`, values(`${from}.${part}`));
  };
  out.set('bert.embeddings.word_embeddings.weight', values('e.weight'));
  out.set('bert.embeddings.position_embeddings.weight', values('p.weight'));
  out.set('bert.embeddings.token_type_embeddings.weight', { shape: [2, width], values: new Float32Array(2 * width) });
  put('bert.embeddings.LayerNorm', 'n');
  for (let l = 0; l < layers; l++) {
    const at = `bert.encoder.layer.${l}`;
    const [weight, bias] = [values(`l.${l}.q.weight`).values, values(`l.${l}.q.bias`).values];
    ['query', 'key', 'value'].forEach((part, i) => {
      const rows = (v: Float32Array, columns: number) => v.subarray(i * width * columns, (i + 1) * width * columns);
      out.set(`${at}.attention.self.${part}.weight`, { shape: [width, width], values: rows(weight, width) });
      out.set(`${at}.attention.self.${part}.bias`, { shape: [width], values: rows(bias, 1) });
    });
    put(`${at}.attention.output.dense`, `l.${l}.o`);
    put(`${at}.attention.output.LayerNorm`, `l.${l}.a`);
    put(`${at}.intermediate.dense`, `l.${l}.f`);
    put(`${at}.output.dense`, `l.${l}.g`);
    put(`${at}.output.LayerNorm`, `l.${l}.b`);
  }
  put('bert.pooler.dense', 'pool');
  put('classifier', 'c');
  return out;
}

describe('the plan', () => {
  const sizes: TinySizes = { ...SIZES[1], layers: 3, activation: 'gelu' };
  const tensors = randomTensors(sizes, 4);
  // A word twice, so that removal makes equal texts.
  const split = splitPlayers(letters, 'a b c a d', 'word');
  const masked = (['mask-token', 'remove'] as const).map((kind) => maskSequences(allMasks(5), split, { kind }, letters, 16));

  it('packed, deduplicated, with table and pruned equals the plain pass on one mask at a time, bit for bit in float64', async () => {
    const parts = tinyParts(sizes, tensors, { tokens: 64, tableRows: 64, sequences: 32 });
    const plain = await reference.prepare(plainProgram(bertSizes(sizes), 16), parts.weights);
    const model = await tinyModel(reference, sizes, tensors);
    for (const asked of masked) {
      const got = await model.classify(asked);
      for (const [m, ids] of sequencesOf(asked).entries()) {
        const one = packChunk(sequences([ids]), 0, 16, plainProgram(bertSizes(sizes), 16).capacity);
        const everyRow = {
          ...one,
          counts: { tokens: ids.length, tableRows: ids.length, sequences: 1 },
          tableTokens: Uint32Array.from(ids),
          tablePositions: Uint32Array.from(ids.keys()),
        };
        const inputs = { tableSum: embeddingSums(parts.embeddings, everyRow), ...one };
        const want = await plain.run(inputs as never, everyRow.counts);
        expect([...got.subarray(2 * m, 2 * m + 2)]).toEqual([...want]);
      }
    }
    model.destroy();
  });

  it('of a model whose last keys and values are absorbed equals one mask at a time, bit for bit in float64, and the plain sums', async () => {
    const wide: TinySizes = { ...SIZES[2], activation: 'gelu' };
    const weights = randomTensors(wide, 9);
    const model = await tinyModel(reference, wide, weights);
    for (const asked of masked) {
      const got = await model.classify(asked);
      const lists = sequencesOf(asked);
      const want = lists.flatMap((ids) => naiveLogits(weights, wide, ids));
      expect(excess(got, want, FLOAT64.absolute, FLOAT64.relative)).toBeLessThanOrEqual(1);
      for (const [m, ids] of lists.entries())
        expect([...(await model.classify(sequences([ids])))]).toEqual([...got.subarray(m * wide.labels, (m + 1) * wide.labels)]);
    }
    model.destroy();
  });

  it('equals one mask at a time in float32, within 1e-5 of the largest logit, and bit for bit whatever the chunks', async () => {
    const [whole, small] = [await tinyModel(webgpu, sizes, tensors), await tinyModel(webgpu, sizes, tensors, 9)];
    for (const asked of masked) {
      const lists = sequencesOf(asked);
      const got = await whole.classify(asked);
      expect([...(await small.classify(asked))]).toEqual([...got]);
      const want = lists.flatMap((ids) => naiveLogits(tensors, sizes, ids));
      const scale = Math.max(...want.map(Math.abs));
      expect(excess(got, want, 1e-5 * scale, 0)).toBeLessThanOrEqual(1);
      for (const m of [0, 13, 31]) {
        const alone = await small.classify(sequences([lists[m]]));
        expect([...alone]).toEqual([...got.subarray(2 * m, 2 * m + 2)]);
      }
    }
    for (const model of [whole, small]) model.destroy();
  });
});

describe('counters', () => {
  /** Products of the whole pass by hand: what each row of each kind costs, widths padded to 8 and heads to 4. */
  function flopsByHand(s: Omit<TinySizes, 'vocabulary' | 'positions'>, tokens: number, tableRows: number, reads: number): number {
    const pad = (x: number, to: number) => x + ((to - (x % to)) % to);
    const [C, F, labels] = [pad(s.width, 8), pad(s.hidden, 8), pad(s.labels, 8)];
    const A = pad(s.heads * pad(s.width / s.heads, 4), 8);
    const qkv = 3 * C * A;
    const rest = A * C + 2 * C * F;
    const head = C * C + C * labels;
    if (s.layers === 1) return 2 * (tableRows * (2 * C * A) + reads * (C * A + rest + head));
    const middle = s.layers - 2;
    // Absorbed where heads fill their width: what a read row's query asks of all keys, and what all values say to it, once for each read row.
    const absorbs = A === C && s.heads * (s.width / s.heads) === C && (s.width / s.heads) % 8 === 0;
    const [keyValue, absorbed] = absorbs ? [0, 2 * C * A] : [2 * C * A, 0];
    return 2 * (tableRows * qkv + tokens * (rest + middle * (qkv + rest) + keyValue) + reads * (C * A + absorbed + rest + head));
  }

  const embedded = bertSizes({ layers: 6, width: 384, heads: 12, hidden: 1536, activation: 'gelu', epsilon: 1e-12, labels: 2 } as const);

  it('of floating-point operations equal the formula, for every shape', () => {
    for (const sizes of [...SIZES, { ...SIZES[1], layers: 2, width: 48, heads: 3 }, embedded])
      for (const counts of [
        { tokens: 1, tableRows: 1, sequences: 1 },
        { tokens: 37, tableRows: 11, sequences: 5 },
      ])
        expect(matmulFlops(encoderProgram(bertSizes(sizes), counts), counts)).toBe(
          flopsByHand(sizes, counts.tokens, counts.tableRows, counts.sequences),
        );
  });

  it('of the embedded model: the plan saves what it should of a pass over all tokens', () => {
    // 1,000 masked copies of 32 tokens: the textbook's 2 · 10.6 million multiplications a token, and a head for each copy.
    const textbook = 2 * (32_000 * 6 * (4 * 384 ** 2 + 2 * 384 * 1536) + 1000 * (384 ** 2 + 384 * 8));
    const planned = matmulFlops(encoderProgram(embedded, { tokens: 32_000, tableRows: 62, sequences: 1000 }), {
      tokens: 32_000,
      tableRows: 62,
      sequences: 1000,
    });
    // Q, K and V of layer 0 (3 of 12 parts of a layer) for 62 rows, the whole last layer for 1 row in 32.
    const saved = (3 / 12) * (1 - 62 / 32_000) + (1 - 1 / 32);
    expect(1 - planned / textbook).toBeCloseTo(saved / 6, 3);
  });

  it('of a run are exact: sequences, distinct ones, tokens, table rows, chunks, operations, and no padding', async () => {
    const sizes = SIZES[1];
    const model = await tinyModel(reference, sizes, randomTensors(sizes, 3), 20);
    const lists = [...someSequences(sizes, 30, 6), ...someSequences(sizes, 10, 6)];
    await model.classify(sequences(lists));
    await model.classify(sequences(lists.slice(0, 3)));
    const want = { sequences: 43, distinctSequences: 0, tokens: 0, tableRows: 0, paddedTokens: 0, chunks: 0, matmulFlops: 0 };
    for (const asked of [lists, lists.slice(0, 3)]) {
      const distinct = [...new Map(asked.map((l) => [String(l), l])).values()];
      for (let next = 0; next < distinct.length; ) {
        const chunk = [distinct[next++]];
        while (next < distinct.length && chunk.flat().length + distinct[next].length <= 20) chunk.push(distinct[next++]);
        const table = new Set(chunk.flatMap((l) => l.map((id, i) => `${id} ${i}`))).size;
        want.distinctSequences += chunk.length;
        want.tokens += chunk.flat().length;
        want.tableRows += table;
        want.chunks++;
        want.matmulFlops += flopsByHand(sizes, chunk.flat().length, table, chunk.length);
      }
    }
    expect(model.counters).toEqual(want);
    model.destroy();
  });
});
