import { describe, expect, it } from 'vitest';
import { fwht } from '../../src/bench/fwht.ts';
import type { BenchContext, ProductTimes } from '../../src/bench/harness.ts';
import { removal } from '../../src/bench/removal.ts';
import { tiles } from '../../src/bench/tiles.ts';
import type { Model } from '../../src/model/model.ts';
import { fwhtRows } from '../../src/spectrum/fwht.ts';
import { modelOf, sequencesOf } from '../lens/text/support.ts';

/** The mask token of the embedded model's tokenizer. */
const MASK = 103;
const contextOf = (given: Partial<BenchContext>): BenchContext => ({
  commit: 'abc',
  cpuSeconds: () => 0,
  backends: [],
  readText: async () => '',
  report() {},
  ...given,
});
const gpu = (software: boolean) => ({ backend: 'webgpu' as const, adapter: 'a GPU', software, tiling: '128x64' });

describe('the benchmark of tiles', () => {
  const entries = [
    { name: 'direct', ms: 2, why: '' },
    { name: '64x64', ms: null, why: 'wrong by 3' },
  ];

  it('times two large products on a GPU and a small one on software, and says which tiles are wrong', async () => {
    for (const [software, ids] of [
      [false, ['G1-384x1536-direct', 'G1-384x1536-64x64', 'G1-768x3072-direct', 'G1-768x3072-64x64']],
      [true, ['G1-384x384-direct', 'G1-384x384-64x64']],
    ] as const) {
      const timeProduct = async (): Promise<ProductTimes> => ({ device: gpu(software), entries });
      const rows = await tiles.run(contextOf({ timeProduct }));
      expect(rows.map((r) => r.id)).toEqual(ids);
      expect(rows[0].adapter).toBe(software ? 'a GPU (software)' : 'a GPU');
      expect(rows.slice(0, 2).map((r) => [r.ours, r.unit, r.equal])).toEqual([
        [2, 'ms', true],
        [0, 'ms', false],
      ]);
      expect(rows[1].details).toEqual({ why: 'wrong by 3' });
      // 2 · 16,384 · 384 · 1,536 operations in two milliseconds.
      if (!software) expect(rows[0].details.gigaflopsPerSecond).toBe(9664);
    }
  });

  it('keeps every buffer of its products within the default binding of 128 MiB', async () => {
    const sizes: Parameters<NonNullable<BenchContext['timeProduct']>>[0][] = [];
    const timeProduct = async (size: (typeof sizes)[number]) => {
      sizes.push(size);
      return { device: gpu(false), entries };
    };
    await tiles.run(contextOf({ timeProduct }));
    for (const { rows, K, columns } of sizes)
      expect(4 * Math.max(rows * K, rows * columns, K * columns)).toBeLessThanOrEqual(128 * 2 ** 20);
  });

  it('has no rows, and says so, where there is no WebGPU', async () => {
    const said: string[] = [];
    expect(await tiles.run(contextOf({ report: (line) => said.push(line) }))).toEqual([]);
    expect(said).toEqual([expect.stringMatching(/no WebGPU/)]);
  });
});

describe('the benchmark of transforms', () => {
  const on = (software: boolean, off = 0) => {
    const sizes: number[][] = [];
    const timeTransform: BenchContext['timeTransform'] = async (rows, size) => {
      sizes.push([rows.length / size, size]);
      const transformed = fwhtRows(rows.slice(), size);
      transformed[1] += off;
      return { device: gpu(software), passes: 2, ms: 4, copyMs: 1.5, transformed };
    };
    return { sizes, run: async () => (await fwht.run(contextOf({ timeTransform }))).filter((r) => r.id.startsWith('G5')) };
  };

  it('compares transforms on a software adapter with copies, a few, and their numbers with WebAssembly', async () => {
    const { sizes, run } = on(true);
    const rows = await run();
    expect(sizes).toEqual([
      [1, 2 ** 16],
      [256, 256],
    ]);
    expect(rows.map((r) => [r.id, r.ours, r.peer, r.ratio, r.equal, r.adapter, r.peerName])).toEqual([
      ['G5-16', 4, 3, 0.75, true, 'a GPU (software)', 'copies from buffer to buffer, × 2'],
      ['G5-8', 4, 3, 0.75, true, 'a GPU (software)', 'copies from buffer to buffer, × 2'],
    ]);
    // 2^16 numbers read and written twice in four milliseconds.
    expect(rows[0].details.gigabytesPerSecond).toBe(0.2621);
    expect((await on(true, 1).run()).map((r) => r.equal)).toEqual([false, false]);
  });

  it('transforms 2^24 numbers on a GPU', async () => {
    const { sizes, run } = on(false);
    expect((await run()).map((r) => r.id)).toEqual(['G5-24', 'G5-8']);
    expect(sizes.slice(2)).toEqual([
      [1, 2 ** 24],
      [65_536, 256],
    ]);
  });
});

describe('the benchmark of removals', () => {
  const counting = (ids: number[]) => [ids.length, 1];
  const on = (software: boolean, off = 0, dtype: 'f32' | 'f16' = 'f32') => {
    const model = modelOf(['a', 'b'], (ids) => counting(ids).map((z) => z + off));
    return { ...model, info: { ...model.info, dtype }, device: gpu(software) };
  };

  it('removes words of 128 on WebGPU alone, a few on software, and compares half precision with single', async () => {
    const unused: Model = modelOf(['a', 'b'], () => {
      throw new Error('only WebGPU is to be measured');
    });
    const [single, half] = [on(true), on(true, 0.01, 'f16')];
    const backends = [
      { name: 'wasm', load: async () => unused },
      { name: 'webgpu', load: async () => single },
      { name: 'webgpu-fp16', load: async () => half },
    ];
    const rows = await removal.run(contextOf({ backends }));
    expect(rows.map((r) => [r.id, r.unit, r.equal, r.details.tiling])).toEqual([
      ['G2', 's', null, '128x64'],
      ['G4', 's', true, '128x64'],
    ]);
    expect(rows[1].details.maxLogitDifference).toBeCloseTo(0.01, 5);
    const lists = single.asked.map((s) => sequencesOf(s));
    expect(lists.map((l) => l.length)).toEqual([8, 16]);
    // Words are gone, not masked.
    expect(new Set(lists[1].map((list) => list.length)).size).toBeGreaterThan(3);
    expect(lists[1].flat()).not.toContain(MASK);
  });

  it('runs ten thousand masks four times on a GPU', async () => {
    const model = on(false);
    await removal.run(contextOf({ backends: [{ name: 'webgpu', load: async () => model }] }));
    expect(model.asked.map((s) => s.offsets.length - 1)).toEqual([8, 10_000, 10_000, 10_000, 10_000]);
  });

  it('says where half precision strays', async () => {
    const backends = [on(true), on(true, 0.2, 'f16')].map((model, i) => ({ name: i ? 'webgpu-fp16' : 'webgpu', load: async () => model }));
    expect((await removal.run(contextOf({ backends })))[1].equal).toBe(false);
  });
});
