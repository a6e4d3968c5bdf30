import { describe, expect, it } from 'vitest';
import type { BenchContext } from '../../src/bench/harness.ts';
import { cloudsRow, textsRow } from '../../src/bench/retrain.ts';
import { joined } from '../../src/bench/retrain-data.ts';
import type { Example } from '../../src/lens/examples.ts';

function counting(): { context: BenchContext; said: string[] } {
  let seconds = 0;
  const said: string[] = [];
  const report = (line: string) => {
    said.push(line);
  };
  return { said, context: { commit: 'abc', cpuSeconds: () => seconds++, backends: [], readText: async () => '', report } };
}

const GIVEN: readonly Example[] = [
  { label: 'good', text: 'A fine film.' },
  { label: 'bad', text: 'Dull.' },
  { label: 'good', text: 'It works.' },
  { label: 'bad', text: 'It broke.' },
  { label: 'good', text: 'Lovely food.' },
];

describe('the benchmark of retrainings', () => {
  it('trains heads on halves of the examples, and says by how much they differ from those of float64', async () => {
    const { context, said } = counting();
    const row = await cloudsRow(context, { examples: 60, features: 12, retrainings: 20 });
    expect(row).toMatchObject({ id: 'retrain-clouds-60', unit: 'retrainings/s', equal: true, commit: 'abc' });
    // One CPU-second for 20, by the counting clock; the few that are compared, one run that does not count and three that do.
    expect(row.details).toMatchObject({ perCpuSecond: 20, cpuSeconds: 1 });
    expect(row.details.stepsEach).toBeGreaterThan(1);
    expect(said[0]).toMatch(/retrain: 20 heads on 60 examples.*, CPU \(WASM/);
  });

  it('does so with the embedded model’s features of given texts, and says how many of them were joined', async () => {
    const { context } = counting();
    const row = await textsRow(context, GIVEN, { examples: 8, retrainings: 6 });
    expect(row).toMatchObject({ id: 'retrain-texts-8', title: '8 texts × 384 features of the embedded model', equal: true });
    expect(row.details).toMatchObject({ given: 5, joined: 3, perCpuSecond: 6 });
  });

  it('joins texts of one label, the nearest first, never more than asked, and refuses a third label', () => {
    expect(joined(GIVEN, 2)).toEqual(GIVEN.slice(0, 2));
    expect(joined(GIVEN, 7).slice(5)).toEqual([
      { label: 'good', text: 'A fine film. It works.' },
      { label: 'bad', text: 'Dull. It broke.' },
    ]);
    expect(joined(GIVEN, 100)).toHaveLength(9);
    expect(() => joined([...GIVEN, { label: 'so so', text: 'Hm.' }], 9)).toThrow(/expected texts of 2 labels, got 3/);
  });
});
