import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { excess, type KernelCase, normals, placed, runKernel } from './support.ts';

/** Twelve stages in float32 (6e-8 each) of sums of some dozens. */
const FLOAT32 = { absolute: 5e-5, relative: 1e-6 };

/** [rows, columns, first stage, stages]: every number of stages in a run of numbers; several transforms to a row; rows that fill no tile. */
type Shape = readonly [number, number, number, number];
export const SHAPES: readonly Shape[] = [
  ...Array.from({ length: 13 }, (_, stages) => [5, 2 ** Math.max(3, stages), 0, stages] as const),
  [1, 8, 0, 3],
  [3, 24, 0, 3],
  [37, 8, 0, 1],
  [2, 8192, 0, 12],
  // At a distance: every number of stages that a pass may have, the least distances, a distance beyond it.
  [3, 4096, 4, 8],
  [1, 4096, 5, 7],
  [1, 4096, 6, 6],
  [1, 4096, 7, 5],
  [2, 4096, 8, 4],
  [1, 16384, 10, 4],
  [2, 8192, 8, 5],
];

/** Some of each kind, where barriers take SwiftShader's compiler seconds a shape. */
export const FEW_SHAPES: readonly Shape[] = [
  [3, 24, 0, 3],
  [2, 8192, 0, 12],
  [3, 4096, 4, 8],
  [2, 8192, 8, 5],
];

/** The step alone, of random numbers, and what it should come to: the stages one by one in float64, as the definition has them. */
export function stagesCase([rows, columns, first, stages]: Shape): { given: KernelCase; want: number[] } {
  const input = normals(createRandom(columns + stages), rows, columns);
  const numbers = Float64Array.from(input.values);
  for (let s = first; s < first + stages; s++)
    for (let i = 0; i < numbers.length; i++) {
      if ((i >> s) & 1) continue;
      const [a, b] = [numbers[i], numbers[i + 2 ** s]];
      numbers[i] = a + b;
      numbers[i + 2 ** s] = a - b;
    }
  const given: KernelCase = {
    kernel: 'fwht',
    reads: { input },
    constants: { STAGES: stages, STRIDED: Number(first > 0) },
    params: { columns, first },
    rows,
    outputColumns: columns,
  };
  const want = Array.from({ length: rows }, (_, r) => [...numbers.subarray(r * columns, (r + 1) * columns)]);
  return { given, want: placed(given, want) };
}

/** What is claimed of the transform's stages in WGSL, whoever owns its numbers. */
export function describeStages(stem: string, open: () => Promise<Backend>, shapes = SHAPES): void {
  const reference = createReferenceBackend();
  let webgpu: Backend;

  describe(stem, () => {
    beforeAll(async () => {
      webgpu = await open();
    });
    afterAll(() => webgpu.destroy());

    it.each(shapes)('of %i rows of %i numbers does the stages from %i on, %i of them, and so does its twin', async (...shape) => {
      const { given, want } = stagesCase(shape);
      expect(excess(await runKernel(reference, given), want, 1e-9, 1e-6)).toBeLessThanOrEqual(1);
      expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    });
  });
}
