import { describe, expect, it } from 'vitest';
import { ACTIVATIONS } from '../../../src/compute/kernels.ts';
import { gatedCase } from '../decoder-cases.ts';
import { beyond, bothBuilds } from './support.ts';

/** An activation to 4.2e-7 times a number of size 3. */
const FLOAT32 = { absolute: 5e-6, relative: 2e-6 };
const builds = bothBuilds();

describe('gated-unit in WASM', () => {
  it.each([
    [1, 8, 'silu'],
    [37, 264, 'silu'],
    [9, 24, 'gelu-tanh'],
  ] as const)(
    'on %i rows of %i columns is %s of the gate times up as its twin has it, in both builds',
    async (rows, columns, activation) => {
      expect(await beyond(builds, gatedCase(rows, columns, ACTIVATIONS[activation]).given, FLOAT32)).toEqual([]);
    },
  );

  it('stands gates far beyond what exp takes, either way', async () => {
    const { given } = gatedCase(1, 8, ACTIVATIONS.silu);
    given.reads.input.values.set([-1e4, -200, -90, 90, 200, 1e4, 0, -0], 0);
    expect(await beyond(builds, given, FLOAT32)).toEqual([]);
  });
});
