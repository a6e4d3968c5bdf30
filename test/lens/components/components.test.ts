import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { allMasks, masksFromRows } from '../../../src/core/masks.ts';
import { maskGates } from '../../../src/lens/components/gates.ts';
import { componentPlayers, parseLayers } from '../../../src/lens/components/players.ts';
import { componentValueFunction, type SetScalar } from '../../../src/lens/components/value-function.ts';
import { rejectedBy, thrownBy } from '../../model/support.ts';
import { naiveLogits, randomTensors, sequences, type TinySizes, tinyModel } from '../../model/tiny-encoder.ts';

/** Float64 apart from float32 embeddings, logits and the value itself. */
const FLOAT32 = 1e-5;
const sizes: TinySizes = {
  layers: 2,
  width: 12,
  heads: 2,
  hidden: 16,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 3,
  vocabulary: 31,
  positions: 16,
};
const tensors = randomTensors(sizes, 11);

describe('parts of a model as players', () => {
  it('are named by layer and head, layer by layer, heads before the block, and know their gates', () => {
    const all = componentPlayers({ layers: 2, heads: 3 }, 'components');
    expect(all.players.map((p) => p.label)).toEqual(['0.0', '0.1', '0.2', 'mlp 0', '1.0', '1.1', '1.2', 'mlp 1']);
    expect([...all.gateOf]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(all.players.map((p) => p.id)).toEqual([...all.players.keys()]);
    const blocks = componentPlayers({ layers: 2, heads: 3 }, 'blocks');
    expect([blocks.players.map((p) => p.label), [...blocks.gateOf], blocks.from]).toEqual([['mlp 0', 'mlp 1'], [3, 7], 0]);
  });

  it('are those of the named layers alone, in the model’s order', () => {
    const some = componentPlayers({ layers: 6, heads: 2 }, 'heads', [5, 3]);
    expect([some.players.map((p) => p.label), [...some.gateOf], some.from]).toEqual([['3.0', '3.1', '5.0', '5.1'], [9, 10, 15, 16], 3]);
  });

  it('of layers that are not there, named twice or not at all are refused', () => {
    const error = (layers: number[]) => thrownBy(() => componentPlayers({ layers: 6, heads: 2 }, 'heads', layers));
    expect(error([6])).toMatchObject({ code: 'usage', message: expect.stringMatching(/from 0 to 5 for this model, got 6/) });
    for (const layers of [[-1], [1.5], [2, 2], []]) expect(error(layers).code).toBe('usage');
  });
});

describe('layers as people write them', () => {
  it('are numbers with commas between', () => {
    expect(parseLayers('3,5')).toEqual([3, 5]);
    expect(parseLayers(' 0 , 11 ')).toEqual([0, 11]);
  });

  it.each(['', '3;5', '3,', '-1', '1.5', '1e3', '0x2', '9999999', '٣'])('are refused by name: %j', (written) => {
    expect(thrownBy(() => parseLayers(written))).toMatchObject({
      code: 'usage',
      message: `layers: expected numbers from 0 with commas between, got ${JSON.stringify(written)}; write 3,5`,
    });
    expect(thrownBy(() => parseLayers(written, '--layers')).message).toMatch(/^--layers: expected/);
  });
});

describe('gates of masks', () => {
  const players = componentPlayers({ layers: 3, heads: 3 }, 'components', [1, 2]);
  // Layer 1: heads 1, 0, 1 and block 0; layer 2: heads 0, 0, 0 and block 1.
  const masks = masksFromRows([
    [1, 0, 1, 0, 0, 0, 0, 1],
    [1, 1, 1, 1, 1, 1, 1, 1],
  ]);

  it('are 0 where a part is absent, 1 where it is present or no player', () => {
    expect([...maskGates(masks, players, false)]).toEqual([1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, ...new Array(12).fill(1)]);
  });

  it('rescaled multiply the heads left in a layer by how many there are over how many are left, and no block', () => {
    expect([...maskGates(masks, players, true)]).toEqual([1, 1, 1, 1, 1.5, 0, 1.5, 0, 0, 0, 0, 1, ...new Array(12).fill(1)]);
  });
});

describe('the value of a model with parts switched off', () => {
  const lists = [
    [1, 5, 6, 2],
    [1, 7, 2],
    [1, 9, 9, 9, 2],
    [1, 5, 2],
  ];
  const targets = [0, 2, 1, 0];
  const players = componentPlayers(sizes, 'components', [1]);
  /** Scalars by their definitions. */
  const scalars: Readonly<Record<string, (logits: number[], target: number) => number>> = {
    accuracy: (z, t) => Number(z.every((v) => v <= z[t])),
    'log-prob': (z, t) => z[t] - Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0)),
    'log-odds': (z, t) => z[t] - Math.log(z.reduce((sum, v, c) => sum + (c === t ? 0 : Math.exp(v)), 0)),
  };

  it.each(['accuracy', 'log-prob', 'log-odds'] as SetScalar[])(
    'is the mean %s over the texts by the paper’s formulas, of every mask',
    async (scalar) => {
      const model = await tinyModel(createReferenceBackend(), sizes, tensors);
      const question = { players, texts: sequences(lists), targets, scalar, rescale: false };
      const got = await componentValueFunction(model, question)(allMasks(3));
      const want = Array.from({ length: 8 }, (_, mask) => {
        const gates = [1, 1, 1, ...[0, 1, 2].map((bit) => (mask >> bit) & 1)];
        const each = lists.map((ids, t) => scalars[scalar](naiveLogits(tensors, sizes, ids, { values: gates }), targets[t]));
        return each.reduce((a, b) => a + b, 0) / lists.length;
      });
      expect(Math.max(...got.map((value, m) => Math.abs(value - want[m])))).toBeLessThan(FLOAT32);
      expect(new Set(got).size).toBeGreaterThan(scalar === 'accuracy' ? 1 : 7);
      model.destroy();
    },
  );

  it('that is not finite names the mask and the text', async () => {
    const model = await tinyModel(createReferenceBackend(), sizes, tensors);
    const broken = {
      ...model,
      classify: async () => Float32Array.from({ length: 4 * 3 * 2 }, (_, i) => (i === 3 * 5 + 1 ? Number.NaN : i)),
    };
    const valueFunction = componentValueFunction(broken, { players, texts: sequences(lists), targets, scalar: 'logit', rescale: false });
    const error = await rejectedBy(
      valueFunction(
        masksFromRows([
          [1, 1, 1],
          [0, 1, 1],
        ]),
      ),
    );
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/got NaN for mask 1 and text 1/)]);
    model.destroy();
  });
});
