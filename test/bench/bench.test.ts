import { describe, expect, it } from 'vitest';
import { forward } from '../../src/bench/forward.ts';
import { type BenchContext, spread } from '../../src/bench/harness.ts';
import { readSentences, sst2 } from '../../src/bench/sst2.ts';
import type { Model } from '../../src/model/model.ts';
import { modelOf, sequencesOf } from '../lens/text/support.ts';
import { thrownBy } from '../model/support.ts';

const MASK = 103;
const contextOf = (models: Model[], text = '', names = models.map((_, i) => `backend${i}`)): BenchContext => {
  let seconds = 0;
  return {
    commit: 'abc',
    cpuSeconds: () => seconds++,
    backends: models.map((model, i) => ({ name: names[i], load: async () => model })),
    readText: async () => text,
    report() {},
  };
};

describe('the SST-2 benchmark', () => {
  it('reads the file of GLUE with its columns in either order, and refuses one without labels', () => {
    expect(readSentences('sentence\tlabel\na good film \t1\nbad\t0\n')).toEqual([
      { text: 'a good film', positive: true },
      { text: 'bad', positive: false },
    ]);
    expect(readSentences('label\tsentence\r\n0\tbad\r\n')).toEqual([{ text: 'bad', positive: false }]);
    expect(thrownBy(() => readSentences('sentence\nbad\n')).code).toBe('bad-file');
  });

  it('counts what the model gets right, and masks the share of words that it says, thrice over, alike in every run', async () => {
    // Says positive wherever it still sees the word that the positive sentences have.
    const asked: number[][] = [];
    const model = modelOf(['negative', 'positive'], (ids) => {
      asked.push(ids);
      return ids.includes(2204) ? [0, 1] : [1, 0];
    });
    const text = `sentence\tlabel\n${'good film that was made here\t1\ndull film that was made here\t0\n'.repeat(150)}`;
    const unused = modelOf(['negative', 'positive'], () => {
      throw new Error('the first backend is the one to use');
    });
    const rows = await sst2.run(contextOf([model, unused], text));
    expect(rows.map((r) => [r.id, r.details.backend])).toEqual(['sst2-0', 'sst2-30', 'sst2-60'].map((id) => [id, 'backend0']));
    // All at first; then half of them and the share of the others whose word is still there.
    expect(rows[0].ours).toBe(100);
    for (const [row, rate] of [
      [rows[1], 0.3],
      [rows[2], 0.6],
    ] as const) {
      const kept = (row.ours - 50) / 50;
      // Three times 150 words, each kept with this probability: four standard errors.
      expect(Math.abs(kept - (1 - rate))).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / 450));
      // Three maskings, not one thrice.
      expect(new Set(String(row.details.maskings).split(', ')).size).toBeGreaterThan(1);
    }
    // 300 sentences of six words: once whole, three times at each rate.
    expect(asked.length).toBe(7 * 300);
    const share = (from: number, to: number) =>
      asked
        .slice(300 * from, 300 * to)
        .flat()
        .filter((id) => id === MASK).length /
      (1800 * (to - from));
    expect(share(0, 1)).toBe(0);
    expect(Math.abs(share(1, 4) - 0.3)).toBeLessThan(0.03);
    expect(Math.abs(share(4, 7) - 0.6)).toBeLessThan(0.03);
    const first = asked.splice(0).map(String);
    await sst2.run(contextOf([model], text));
    expect(asked.map(String)).toEqual(first);
  });
});

describe('the forward benchmark', () => {
  const honest = (ids: number[]) => [ids.filter((id) => id === MASK).length, ids[1] / 1000];

  it('measures 256 masks of 16 and of 64 words on each backend, and says where one disagrees with the reference', async () => {
    const models = [
      modelOf(['a', 'b'], (ids) => honest(ids).map((z) => z + 1e-3)),
      modelOf(['a', 'b'], honest),
      modelOf(['a', 'b'], honest),
    ];
    const rows = await forward.run(contextOf(models, '', ['webgpu', 'wasm', 'reference']));
    expect(rows.map((r) => [r.id, r.equal, r.details.comparedWith])).toEqual([
      ['forward-16-webgpu', false, 'reference'],
      ['forward-64-webgpu', false, 'reference'],
      ['forward-16-wasm', true, 'reference'],
      ['forward-64-wasm', true, 'reference'],
      ['forward-16-reference', null, undefined],
      ['forward-64-reference', null, undefined],
    ]);
    const lengths = models[0].asked.map((s) => sequencesOf(s)).filter((lists) => lists.length === 256);
    // 16 words, of which one is two tokens, and two specials; 64 words are four times those.
    expect(lengths.map((lists) => lists[0].length)).toEqual([19, 70]);
    for (const lists of lengths) expect(new Set(lists.map(String)).size).toBe(256);
    expect(rows.every((r) => r.commit === 'abc')).toBe(true);
  });

  it('compares with the first backend where the reference is not measured', async () => {
    const rows = await forward.run(contextOf([modelOf(['a', 'b'], honest), modelOf(['a', 'b'], honest)]));
    expect(rows.map((r) => r.details.comparedWith)).toEqual([undefined, undefined, 'backend0', 'backend0']);
  });

  it('runs hardware once for nothing and three times for the median, software once, and labels software', async () => {
    for (const [software, runs, adapter] of [
      [false, 4, 'a GPU'],
      [true, 1, 'a GPU (software)'],
    ] as const) {
      const model = { ...modelOf(['a', 'b'], honest), device: { backend: 'webgpu' as const, adapter: 'a GPU', software } };
      const rows = await forward.run(contextOf([model]));
      expect(model.asked.filter((s) => s.offsets.length === 257)).toHaveLength(2 * runs);
      expect(rows.map((r) => r.adapter)).toEqual([adapter, adapter]);
    }
  });

  it('gives the middle of what it measured, and its ends', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });
});
