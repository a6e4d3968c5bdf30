import { describe, expect, it } from 'vitest';
import { loadingTally } from '../../demo/loading-tally.ts';

const name = 'a-model';

describe('how much of a model has come', () => {
  it('is said of all files together, and of no whole while the size of one is unknown', () => {
    const tally = loadingTally();
    expect(tally({ status: 'initiate', name, file: 'tokenizer.json' })).toEqual({ loaded: 0, total: null });
    expect(tally({ status: 'progress', name, file: 'tokenizer.json', loaded: 300, total: 700 })).toEqual({ loaded: 300, total: 700 });
    expect(tally({ status: 'done', name, file: 'tokenizer.json' })).toEqual({ loaded: 300, total: 300 });
    expect(tally({ status: 'initiate', name, file: 'model.safetensors' })).toEqual({ loaded: 300, total: null });
    expect(tally({ status: 'progress', name, file: 'model.safetensors', loaded: 0, total: 9000 })).toEqual({ loaded: 300, total: 9300 });
  });

  it('is known at the end where a server has never said a size', () => {
    const tally = loadingTally();
    expect(tally({ status: 'progress', name, file: 'a', loaded: 500 })).toEqual({ loaded: 500, total: null });
    expect(tally({ status: 'done', name, file: 'a' })).toEqual({ loaded: 500, total: 500 });
    expect(tally({ status: 'ready', name })).toEqual({ loaded: 500, total: 500 });
  });
});
