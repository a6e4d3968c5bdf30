import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { normals, placed, runKernel, whole } from '../support.ts';
import { BUILDS, bothBuilds } from './support.ts';

const builds = bothBuilds();

describe('gather-rows in WASM', () => {
  it.each(BUILDS)('copies the rows of its index, repeats and all, from a column to a column, and no column more (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const input = normals(createRandom(1), 9, 24);
    const index = [8, 0, 3, 3, 0, 7, 8];
    const given = {
      kernel: 'gather-rows',
      reads: { input, index: whole(index.length, 1, index) },
      constants: {},
      params: { columns: 16, inputStride: 24, outputStride: 32, inputColumn: 8, outputColumn: 4 },
      rows: index.length,
      outputColumns: 32,
    } as const;
    const want = index.map((r) => [...input.values.subarray(24 * r + 8, 24 * r + 24)]);
    expect([...(await runKernel(backend, given))]).toEqual(placed(given, want, 4));
  });
});
