import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { rejectedBy } from '../../model/support.ts';
import { scoresCase, scoresProgram } from '../decoder-cases.ts';
import { excess, normals } from '../support.ts';
import { BUILDS, bothBuilds } from './support.ts';

/** Sums of at most 300 powers of e in float32. */
const FLOAT32 = { absolute: 1e-6, relative: 2e-6 };
const builds = bothBuilds();

describe.each(BUILDS)('token-scores in WASM (%s)', (build) => {
  const run = async (...[logits, targets, stretches]: Parameters<typeof scoresCase>) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const program = scoresProgram(logits.rows, stretches);
    const executable = await backend.prepare(program, new Map());
    try {
      return await executable.run(scoresCase(logits, targets, stretches).inputs, program.capacity);
    } finally {
      executable.destroy();
    }
  };

  it.each([
    { rows: 1, stretches: [3] },
    { rows: 5, stretches: [128, 128, 44] },
    { rows: 70, stretches: [8, 9, 2] },
  ])('of $rows rows over stretches of $stretches tokens are the textbook’s', async ({ rows, stretches }) => {
    const vocabulary = stretches.reduce((a, b) => a + b, 0);
    const random = createRandom(rows);
    const logits = normals(random, rows, vocabulary, 4);
    const targets = Array.from({ length: rows }, () => [random.below(vocabulary), random.below(vocabulary)] as const);
    const { want } = scoresCase(logits, targets, stretches);
    expect(excess(await run(logits, targets, stretches), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  });

  it('name the first of equal highest tokens, within a stretch and across stretches', async () => {
    const logits = { rows: 1, columns: 7, values: Float32Array.of(-1, 2, 2, -3, 2, 0, 2) };
    const out = [...(await run(logits, [[6, 0]], [4, 3]))];
    expect([out[0], out[2], out[3], out[4]]).toEqual([2, 2, -1, 1]);
  });

  it('of a logit that is no finite number are an error, never a plausible sum', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = Float32Array.of(1, 2, 3, 4, 9, 1, 2, bad, 4, 9);
      const targets = [
        [0, 0],
        [0, 0],
      ] as const;
      const error = await rejectedBy(run({ rows: 2, columns: 5, values }, targets, [5]));
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 1, got/)]);
    }
  });
});
