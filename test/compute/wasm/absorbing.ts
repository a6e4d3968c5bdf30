import { describe, expect, it } from 'vitest';
import { PACKED } from '../../../src/compute/packed.ts';
import { ABSORBING, FLOAT32, SHAPES, withPacked } from '../absorb-cases.ts';
import { excess, runKernel } from '../support.ts';
import { BUILDS, bothBuilds } from './support.ts';

/** What either kernel must do in both builds. */
export function testAbsorbing(kernel: keyof typeof ABSORBING): void {
  const { caseOf, is } = ABSORBING[kernel];
  const builds = bothBuilds();

  describe.each(BUILDS)(`${kernel} in WASM (%s)`, (build) => {
    const backendOf = () => builds.get(build) ?? expect.unreachable();

    it.each(SHAPES)(`of $rows rows, $heads heads of $headWidth and a depth of $K is ${is}`, async (shape) => {
      const { given, want } = caseOf(shape);
      expect(excess(await runKernel(backendOf(), given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    });

    it('gives a row the same bits whatever is beside it', async () => {
      const { given } = caseOf(SHAPES[3]);
      const all = await runKernel(backendOf(), given);
      const { input } = given.reads;
      const last = { ...input, rows: 1, values: input.values.slice(6 * input.columns) };
      const alone = await runKernel(backendOf(), { ...given, rows: 1, reads: { ...given.reads, input: last } });
      const { outputColumns } = given;
      expect([...alone.subarray(0, outputColumns)]).toEqual([...all.subarray(6 * outputColumns, 7 * outputColumns)]);
    });

    it.each(PACKED)('gives weights packed as %s the bits that float32 weights have', async (type) => {
      const { packed, plain } = withPacked(caseOf(SHAPES[3]), type);
      expect([...(await runKernel(backendOf(), packed))]).toEqual([...(await runKernel(backendOf(), plain))]);
    });
  });
}
