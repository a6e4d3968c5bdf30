import { describe, expect, it } from 'vitest';
import type { BenchContext } from '../../src/bench/harness.ts';
import { retrainRow } from '../../src/bench/retrain.ts';

describe('the benchmark of retrainings', () => {
  it('trains heads on halves of the examples, and says by how much they differ from those of float64', async () => {
    let seconds = 0;
    const said: string[] = [];
    const context: BenchContext = {
      commit: 'abc',
      cpuSeconds: () => seconds++,
      backends: [],
      readText: async () => '',
      report: (line) => said.push(line),
    };
    const row = await retrainRow(context, { examples: 60, features: 12, retrainings: 20 });
    expect(row).toMatchObject({ id: 'retrain-60', unit: 'retrainings/s', equal: true, commit: 'abc' });
    // One CPU-second for 20, by the counting clock; the few that are compared, one run that does not count and three that do.
    expect(row.details).toMatchObject({ perCpuSecond: 20, cpuSeconds: 1 });
    expect(row.details.stepsEach).toBeGreaterThan(1);
    expect(said[0]).toMatch(/retrain: 20 heads on 60 examples, CPU \(WASM/);
  });
});
