import { describe, expect, it } from 'vitest';
import { rejectedBy } from '../../model/support.ts';
import { rmsNormCase } from '../decoder-cases.ts';
import { runKernel } from '../support.ts';
import { BUILDS, beyond, bothBuilds } from './support.ts';

/** Sums of at most 576 squares in float32. */
const FLOAT32 = { absolute: 5e-6, relative: 5e-6 };
const builds = bothBuilds();

describe('rms-norm in WASM', () => {
  it.each([
    [1, 8, 8],
    [37, 5, 8],
    [3, 22, 24],
    [2, 576, 576],
  ])('of %i rows, %i of %i columns, is its twin’s, in both builds', async (rows, width, stride) => {
    expect(await beyond(builds, rmsNormCase(rows, width, stride, 1e-5).given, FLOAT32)).toEqual([]);
  });

  it.each(BUILDS)('of numbers whose squares leave float32 is an error, never a plausible row (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const { given } = rmsNormCase(2, 8, 8, 1e-5);
    given.reads.input.values.fill(1e25, 8, 12);
    const error = await rejectedBy(runKernel(backend, given));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 1, got/)]);
  });
});
