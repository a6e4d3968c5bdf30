import { describe, expect, it } from 'vitest';
import { boostRows } from '../../src/bench/boost.ts';
import { pathRow, pursuitRow } from '../../src/bench/decode.ts';
import type { BenchContext } from '../../src/bench/harness.ts';
import { benchmarks } from '../../src/bench.ts';

describe('the benchmark of the decoders', () => {
  it('times a tree, the spectrum of a thousand, a ridge path and a pursuit, and says how much of the function was found', async () => {
    let seconds = 0;
    const said: string[] = [];
    const context: BenchContext = {
      commit: 'abc',
      cpuSeconds: () => seconds++,
      backends: [],
      readText: async () => '',
      report: (line) => said.push(line),
    };
    const rows = [...(await boostRows(context)), await pathRow(context), await pursuitRow(context, 128, 1000)];
    // One second by the context's clock: of a hundred trees, of one spectrum.
    expect(rows.map((r) => [r.id, r.ours, r.unit])).toEqual([
      ['boost', 10, 'cpu-ms a tree'],
      ['tree-fourier', 1000, 'cpu-ms'],
      ['ridge-path', 1000, 'cpu-ms'],
      ['pursuit-128', 1, 'cpu-s'],
    ]);
    expect(rows[1].details.terms).toBeGreaterThan(100_000);
    expect(rows[3].details.r2).toBeGreaterThan(0.9);
    expect(said.every((line) => line.startsWith('decode: '))).toBe(true);
    expect(benchmarks.decode.title).toMatch(/decoders/);
  });
});
