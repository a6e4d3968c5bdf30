import { describe, expect, it } from 'vitest';
import { gpRows } from '../../src/bench/gp.ts';
import type { BenchContext } from '../../src/bench/harness.ts';

describe('the benchmark of the Gaussian process', () => {
  it('times fits from nothing and from half the masks, and says how much of the function the spectrum holds', async () => {
    let seconds = 0;
    const said: string[] = [];
    const context: BenchContext = {
      commit: 'abc',
      cpuSeconds: () => seconds++,
      backends: [],
      readText: async () => '',
      report: (line) => said.push(line),
    };
    const rows = [...(await gpRows(context, 128)), ...(await gpRows(context, 384))];
    expect(rows.map((r) => [r.id, r.ours, r.unit])).toEqual([
      ['gp-128', 1, 'cpu-s'],
      ['gp-384', 1, 'cpu-s'],
      ['gp-384-warm', 1, 'cpu-s'],
    ]);
    for (const row of rows.slice(1)) expect(row.details.r2).toBeGreaterThan(0.9);
    expect(said).toHaveLength(3);
  });
});
