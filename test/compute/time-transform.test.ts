import { expect, it } from 'vitest';
import { timeTransform } from '../../src/compute/webgpu/time-transform.ts';
import { createRandom } from '../../src/core/random.ts';
import { plainFwht } from '../../src/spectrum/fwht.ts';
import { softwareGpu } from '../support/gpu.ts';

it('times transforms that are on a device, in two passes, and copies, and gives what was computed', async () => {
  const random = createRandom(4);
  // Whole numbers: their sums are exact.
  const rows = Float32Array.from({ length: 3 * 2 ** 13 }, () => random.below(64) - 32);
  const { device, passes, ms, copyMs, transformed } = await timeTransform({ gpu: softwareGpu() }, rows, 2 ** 13);
  expect([device.software, passes]).toEqual([true, 2]);
  expect(ms).toBeGreaterThan(0);
  expect(copyMs).toBeGreaterThan(0);
  for (let r = 0; r < 3; r++) plainFwht(rows.subarray(r * 2 ** 13, (r + 1) * 2 ** 13));
  expect(transformed).toEqual(rows);
});
