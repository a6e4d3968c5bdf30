import { describe, expect, it } from 'vitest';
import { rejectedBy } from '../../model/support.ts';
import { GATED, gateCase, SHAPES, withGates } from '../gate-cases.ts';
import { excess, runKernel } from '../support.ts';
import { BUILDS, bothBuilds } from './support.ts';

const builds = bothBuilds();

describe.each(BUILDS)('gate in WASM (%s)', (build) => {
  const backendOf = () => builds.get(build) ?? expect.unreachable();

  it.each(SHAPES)('on %i rows of %i sequences, %i groups of %i, is its formula', async (...shape) => {
    const { given, want } = gateCase(...shape);
    expect(excess(await runKernel(backendOf(), given), want, GATED.absolute, GATED.relative)).toBeLessThanOrEqual(1);
  });

  it('of 0 hides neither NaN nor infinity', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const given = withGates(gateCase(5, 2, 3, 8, true), 0);
      given.reads.input.values[given.params.inputStride * 3 + 2] = bad;
      expect((await rejectedBy(runKernel(backendOf(), given))).message).toMatch(/in row 3, got/);
    }
  });
});
