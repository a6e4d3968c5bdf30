import { Session } from 'node:inspector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pairedMasks } from '../../src/core/sample.ts';
import { gp, predictGp } from '../../src/gp/gp.ts';
import { BETWEEN } from '../../src/gp/pace.ts';
import { interactionRows } from '../../src/spectrum/indices.ts';
import { standardErrors } from '../../src/spectrum/uncertainty.ts';
import { bentValues, readerOf } from './support.ts';

/** Blocks of code, of a few instructions each: what a core enters in some 20 ms. A silence is one piece of work and what led up to it. */
const MOST_SILENT = 2 * BETWEEN;

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

const session = new Session();

/** How many blocks of our own code, iterations of loops above all, the engine has entered since the last call: it counts, whatever we tell. */
function blocksEntered(): number {
  let sum = 0;
  session.post('Profiler.takePreciseCoverage', (error, taken) => {
    if (error) throw error;
    for (const { url, functions } of (taken as Coverage).result)
      if (/\/src\/[^?]*$/.test(url)) for (const { ranges } of functions) for (const { count } of ranges) sum += count;
  });
  return sum;
}

beforeAll(() => {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
});
afterAll(() => session.disconnect());

describe('the Gaussian process between two breaths', () => {
  // The most players that it takes, whose lists and tables are longest; and a matrix whose parts are many times larger than what is told at once.
  it.each([
    [1024, 96, false],
    [60, 512, false],
    [60, 256, true],
  ])(
    'does little, by the count of the engine that runs it: %i players, %i masks, in order: %s',
    async (n, count, sequential) => {
      const masks = pairedMasks(n, count, 3);
      const values = sequential ? readerOf(n, 3)(masks) : bentValues(masks, 5);
      const silences: number[] = [];
      const breathe = async () => void silences.push(blocksEntered());
      blocksEntered();
      const fit = await gp(masks, values, { seed: 1, sequential, breathe });
      expect(fit.end?.suffix ?? false).toBe(sequential);
      await breathe();
      const rows = interactionRows(fit.spectrum, { index: 'FBII', maxOrder: 4 });
      await breathe();
      // A breath each.
      await standardErrors(fit, rows.slice(0, 200), 0.01, breathe);
      await breathe();
      await predictGp(masks, values, pairedMasks(n, 60, 9), { seed: 1, sequential, breathe, start: fit.end });
      await breathe();
      // Otherwise nothing was counted.
      expect(silences.reduce((a, b) => a + b, 0)).toBeGreaterThan(10 * MOST_SILENT);
      expect(Math.max(...silences)).toBeLessThan(MOST_SILENT);
    },
    240_000,
  );
});
