import { describe, expect, it } from 'vitest';
import { rejectedBy } from '../../model/support.ts';
import { ROTATE_SHAPES, rotateCase } from '../decoder-cases.ts';
import { runKernel } from '../support.ts';
import { BUILDS, beyond, bothBuilds } from './support.ts';

/** Two products and a sum of numbers near 1 in float32, after a norm of at most 64 numbers. */
const FLOAT32 = { absolute: 2e-6, relative: 2e-6 };
const builds = bothBuilds();

describe('rotate-heads in WASM', () => {
  it.each(ROTATE_SHAPES)('of $heads heads of $size in $width on $rows rows, norm $norm, is its twin’s, in both builds', async (shape) => {
    expect(await beyond(builds, rotateCase(shape).given, FLOAT32)).toEqual([]);
  });

  it.each(BUILDS)('with a norm over numbers whose squares leave float32 is an error, never a plausible row (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const error = await rejectedBy(runKernel(backend, rotateCase(ROTATE_SHAPES[2], 1e25).given));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 0, got/)]);
  });
});
