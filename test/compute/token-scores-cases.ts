import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { rejectedBy } from '../model/support.ts';
import { scoresCase, scoresProgram } from './decoder-cases.ts';
import { excess, normals } from './support.ts';

/** Sums of at most 300 powers of e, which a software adapter has to 16 ulp. */
const FLOAT32 = { absolute: 1e-6, relative: 1e-5 };
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

async function run(backend: Backend, ...[logits, targets, stretches]: Parameters<typeof scoresCase>): Promise<Float32Array> {
  const program = scoresProgram(logits.rows, stretches);
  const executable = await backend.prepare(program, new Map());
  try {
    return await executable.run(scoresCase(logits, targets, stretches).inputs, program.capacity);
  } finally {
    executable.destroy();
  }
}

/** What is claimed of the kernel on a device, whoever owns a row. */
export function describeTokenScores(name: string, open: () => Promise<Backend>): void {
  let webgpu: Backend;
  const reference = createReferenceBackend();

  describe(name, () => {
    beforeAll(async () => {
      webgpu = await open();
    });
    afterAll(() => webgpu.destroy());

    it.each([
      { rows: 1, stretches: [3] },
      { rows: 5, stretches: [128, 128, 44] },
      { rows: 70, stretches: [8, 9, 2] },
    ])('of $rows rows over stretches of $stretches tokens are the textbook’s in WGSL and in its twin', async ({ rows, stretches }) => {
      const vocabulary = stretches.reduce((a, b) => a + b, 0);
      const random = createRandom(rows);
      const logits = normals(random, rows, vocabulary, 4);
      const targets = Array.from({ length: rows }, () => [random.below(vocabulary), random.below(vocabulary)] as const);
      const { want } = scoresCase(logits, targets, stretches);
      expect(
        excess(await run(reference, logits, targets, stretches), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative),
      ).toBeLessThanOrEqual(1);
      expect(excess(await run(webgpu, logits, targets, stretches), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    });

    it('name the first of equal highest tokens, within a stretch and across stretches', async () => {
      const logits = { rows: 1, columns: 7, values: Float32Array.of(-1, 2, 2, -3, 2, 0, 2) };
      for (const backend of [reference, webgpu])
        expect([...(await run(backend, logits, [[6, 0]], [4, 3]))].slice(0, 5)).toEqual([
          2,
          expect.closeTo(4 + Math.exp(-3) + Math.exp(-5) + Math.exp(-2), 5),
          2,
          -1,
          1,
        ]);
    });

    it('of a logit that is no finite number are an error, never a plausible sum', async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const logits = { rows: 2, columns: 4, values: Float32Array.of(1, 2, 3, 4, 1, 2, bad, 4) };
        for (const backend of [reference, webgpu]) {
          const error = await rejectedBy(
            run(
              backend,
              logits,
              [
                [0, 0],
                [0, 0],
              ],
              [4],
            ),
          );
          expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 1, got/)]);
        }
      }
    });
  });
}
