import { describe, expect, it } from 'vitest';
import { SHAPES, stagesCase } from '../fwht-cases.ts';
import { beyond, bothBuilds } from './support.ts';

const builds = bothBuilds();
/** Twelve stages in float32 (6e-8 each) of sums of some dozens. */
const FLOAT32 = { absolute: 5e-5, relative: 1e-6 };

describe('stages of the Walsh–Hadamard transform in WASM', () => {
  it.each(SHAPES)('of %i rows of %i numbers from %i on, %i of them, are those of the twin', async (...shape) => {
    expect(await beyond(builds, stagesCase(shape).given, FLOAT32)).toEqual([]);
  });

  it('are also those at the least distances, one number at a time', async () => {
    expect(await beyond(builds, stagesCase([3, 32, 1, 2]).given, FLOAT32)).toEqual([]);
    expect(await beyond(builds, stagesCase([3, 32, 2, 3]).given, FLOAT32)).toEqual([]);
  });
});
