import { describe, expect, it } from 'vitest';
import { mapLines } from '../../src/cli/terminal/map.ts';
import { createStyle } from '../../src/cli/terminal/style.ts';
import type { Explanation } from '../../src/index.ts';

const plain = createStyle(1);

/** The parts of `layers` with the effects of some, by label. */
function modelOf(
  layers: readonly number[],
  heads: number,
  blocks: boolean,
  effects: Readonly<Record<string, [value: number, se: number]>>,
) {
  const labels = layers.flatMap((l) => [...Array.from({ length: heads }, (_, h) => `${l}.${h}`), ...(blocks ? [`mlp ${l}`] : [])]);
  const players = labels.map((label, id) => ({ id, label, start: 0, end: 0 }));
  const interactions = Object.entries(effects).map(([label, [value, se]]) => ({ members: [labels.indexOf(label)], value, se }));
  return { players, interactions, lens: 'components' } as unknown as Explanation;
}

describe('the map of a model', () => {
  it('has a line for each layer, a column for each head and one for the blocks, signs with sizes, and dots where nothing is sure', () => {
    const e = modelOf([3, 11], 3, true, { '3.1': [1.25, 0.1], '11.0': [-2, 0.1], 'mlp 3': [0.9, 0.8], 'mlp 11': [0.6, 0.1] });
    expect(mapLines(e, 80, plain)).toEqual([
      '             0    1    2  mlp',
      'layer 3      · ▲1.3    ·    ·',
      'layer 11  ▼2.0    ·    · ▲0.6',
    ]);
  });

  it('goes on in a second stretch of heads where the terminal is narrow, and never past its edge', () => {
    const e = modelOf([0, 1], 12, false, { '0.0': [1, 0.1], '1.11': [-1, 0.1] });
    const lines = mapLines(e, 40, plain);
    expect(lines).toHaveLength(6);
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(40);
    expect(lines[3]).toMatch(/^ +6 +7 +8 +9 +10 +11$/);
    expect(lines[5]).toMatch(/^layer 1( +·){5} +▼1\.0$/);
  });

  it('is left out where nothing is sure', () => {
    expect(mapLines(modelOf([0], 2, true, { '0.0': [1, 1] }), 80, plain)).toEqual([]);
  });
});
