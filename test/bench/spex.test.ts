import { describe, expect, it } from 'vitest';
import type { BenchContext } from '../../src/bench/harness.ts';
import { spexRows } from '../../src/bench/spex.ts';

describe('the SPEX benchmark', () => {
  it('decodes the queries of the published table, and says how much of the function the spectrum holds', async () => {
    let seconds = 0;
    const said: string[] = [];
    const context: BenchContext = {
      commit: 'abc',
      cpuSeconds: () => seconds++,
      backends: [],
      readText: async () => '',
      report: (line) => said.push(line),
    };
    const rows = await spexRows(context);
    expect(rows.map((r) => [r.id, r.ours, r.unit, r.details.queries])).toEqual([
      ['spex-128', 1, 'cpu-s', 31_488],
      ['spex-2000', 1, 'cpu-s', 11_712],
    ]);
    for (const row of rows) expect(row.details.r2).toBeGreaterThan(0.95);
    expect(said).toHaveLength(2);
  });
});
