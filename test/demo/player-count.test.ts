import { describe, expect, it } from 'vitest';
import { type Asks, countPlayers } from '../../demo/player-count.ts';

const model = { layers: 6, heads: 12 };
const count = (asks: Partial<Asks>) => countPlayers({ units: 'word', text: 'It is bad. Or not.', examples: 9, layers: '', model, ...asks });

describe('how many players there are', () => {
  it('is what the text has of words and sentences', () => {
    expect([count({}), count({ units: 'sentence' })]).toEqual([5, 2]);
  });

  it('is what the model has of heads and blocks, in the layers that are named', () => {
    expect(['heads', 'blocks', 'components'].map((units) => count({ units }))).toEqual([72, 6, 78]);
    expect(['heads', 'blocks', 'components'].map((units) => count({ units, layers: '1, 4' }))).toEqual([24, 2, 26]);
  });

  it('is what a file has of examples', () => {
    expect(count({ units: 'data' })).toBe(9);
  });

  it('is not known of tokens, of nothing, before the model is here, or of layers that it does not have', () => {
    const unknown: Partial<Asks>[] = [
      { units: 'token' },
      { text: ' ' },
      { units: 'sentence', text: '' },
      { units: 'data', examples: 0 },
      { units: 'heads', model: undefined },
      { units: 'heads', layers: '6' },
      { units: 'heads', layers: '3;4' },
      { units: 'heads', layers: '3,3' },
    ];
    for (const asks of unknown) expect(count(asks), JSON.stringify(asks)).toBeNull();
  });
});
