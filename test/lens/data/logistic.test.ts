import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { masksFromRows } from '../../../src/core/masks.ts';
import { createRandom } from '../../../src/core/random.ts';
import { createLogisticTrainer, type LabelledFeatures } from '../../../src/lens/data/logistic.ts';
import { rejectedBy } from '../../model/support.ts';
import { descended } from './descended.ts';

/** A squared Newton decrement of 1e-8 at l2 = 1, and sums of float32. */
const TRAINED = 2e-4;

const backends: Backend[] = [createReferenceBackend()];
beforeAll(async () => {
  backends.push(await createWasmBackend({ threads: 2 }));
});
afterAll(() => {
  for (const backend of backends) backend.destroy();
});

/** Two clouds that overlap; every tenth label is wrong. */
function clouds(n: number, width: number, spread: number): LabelledFeatures {
  const random = createRandom(n + width);
  const labels = Uint8Array.from({ length: n }, () => random.below(2));
  const features = Float32Array.from({ length: n * width }, (_, at) => {
    const side = labels[Math.floor(at / width)] - 0.5;
    return spread * (random.normal() + (at % width < 3 ? side : 0));
  });
  return { features, width, labels: labels.map((label, i) => (i % 10 === 0 ? 1 - label : label)) };
}

function someMasks(n: number, count: number): number[][] {
  const random = createRandom(9);
  const rows = Array.from({ length: count }, () => Array.from({ length: n }, () => random.below(2)));
  rows[0].fill(1);
  rows[1].fill(0);
  rows[2].fill(0)[n - 1] = 1;
  return rows;
}

describe('the retrained head', () => {
  it.each([
    [60, 5, 1, 1],
    [37, 9, 3, 0.1],
    [24, 40, 1, 1],
    [33, 8, 10, 0.5],
  ])('of %i examples × %i features spread %f, l2 %f, is the one gradient descent ends at, for every mask', async (n, width, spread, l2) => {
    const data = clouds(n, width, spread);
    const rows = someMasks(n, 7);
    const want = rows.flatMap((row) => descended(data, row, l2));
    for (const backend of backends) {
      const trainer = await createLogisticTrainer(data, backend, { l2, batch: 3 });
      const got = await trainer.train(masksFromRows(rows));
      const scale = Math.max(1, 1 / l2);
      for (let i = 0; i < want.length; i++)
        expect(Math.abs(got[i] - want[i]), `${backend.info.backend} ${i}`).toBeLessThan(TRAINED * scale);
      expect(trainer.counters.retrainings).toBe(7);
      trainer.destroy();
    }
  });

  it('without any example is zero, and does not depend on what else is in its batch', async () => {
    const data = clouds(40, 6, 1);
    const rows = someMasks(40, 9);
    for (const backend of backends) {
      const alone = await createLogisticTrainer(data, backend, { batch: 1 });
      const together = await createLogisticTrainer(data, backend, { batch: 64 });
      const [a, b] = [await alone.train(masksFromRows(rows)), await together.train(masksFromRows(rows))];
      expect([...a.subarray(7, 14)].every((v) => Math.abs(v) < TRAINED)).toBe(true);
      expect([...a]).toEqual([...b]);
      // The same call twice gives the same bits.
      expect([...(await together.train(masksFromRows(rows)))]).toEqual([...b]);
      alone.destroy();
      together.destroy();
    }
  });

  it('ends with aborted, and says what is wrong with examples', async () => {
    const data = clouds(10, 2, 1);
    const trainer = await createLogisticTrainer(data, backends[0]);
    const abort = new AbortController();
    abort.abort();
    expect((await rejectedBy(trainer.train(masksFromRows([new Array(10).fill(1)]), { signal: abort.signal }))).code).toBe('aborted');
    expect((await rejectedBy(trainer.train(masksFromRows([[1, 0]])))).message).toMatch(/expected 10 players, got 2/);
    const bad: readonly [Partial<LabelledFeatures>, number, RegExp][] = [
      [{ labels: new Uint8Array(9) }, 1, /expected 9 rows of 2 numbers, got 20/],
      [{ labels: new Uint8Array(0), features: new Float32Array(0) }, 1, /expected at least 1 training example/],
      [{ labels: new Uint8Array(10).fill(2) }, 1, /expected 0 or 1, got 2/],
      [{ features: new Float32Array(20).fill(Number.NaN) }, 1, /got NaN in row 0/],
      [{}, 0, /l2: expected a number above 0, got 0/],
      [{}, Number.NaN, /l2: expected a number above 0, got NaN/],
    ];
    for (const [part, l2, message] of bad) {
      const error = await rejectedBy(createLogisticTrainer({ ...data, ...part }, backends[0], { l2 }));
      expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(message)]);
    }
  });
});
