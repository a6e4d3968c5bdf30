import { createRandom } from '../../src/core/random.ts';
import { type KernelCase, normals, placed, whole } from './support.ts';

/** Two products and up to two sums of numbers of size 1, in float32. */
export const GATED = { absolute: 1e-6, relative: 1e-6 };

/** [rows, sequences, groups, columns of a group, residual]: one row, ragged groups, one group for all, more than the 256 columns of a workgroup. */
export const SHAPES = [
  [1, 1, 2, 4, false],
  [37, 5, 5, 4, true],
  [3, 3, 1, 264, true],
  [70, 9, 9, 32, false],
] as const;

const GATES = [0, 1, 0.5, 12 / 7];

/** A case with gates of 0, 1 and others, strides with room to spare, and the answer by the formula. */
export function gateCase(
  rows: number,
  sequences: number,
  groups: number,
  groupWidth: number,
  residual: boolean,
): { given: KernelCase; want: number[] } {
  const random = createRandom(rows + groups);
  const columns = groups * groupWidth;
  const [inputStride, outputStride, outputColumn, gateColumn, gateStride, meanColumn] = [columns + 8, columns + 24, 16, 3, groups + 4, 8];
  const input = normals(random, rows, inputStride);
  const mean = normals(random, 1, columns + 16);
  const added = normals(random, rows, outputStride);
  const gates = {
    rows: sequences,
    columns: gateStride,
    values: Float32Array.from({ length: sequences * gateStride }, () => GATES[random.below(GATES.length)]),
  };
  const sequence = Array.from({ length: rows }, (_, r) => (r === 0 ? sequences - 1 : random.below(sequences)));
  const given: KernelCase = {
    kernel: 'gate',
    reads: { input, gates, mean, sequence: whole(rows, 1, sequence), ...(residual ? { residual: added } : {}) },
    constants: { RESIDUAL: residual ? 1 : 0 },
    params: { columns, inputStride, outputStride, outputColumn, gateStride, gateColumn, groupWidth, meanColumn },
    rows,
    outputColumns: outputStride,
  };
  const want = sequence.map((s, r) =>
    Array.from({ length: columns }, (_, c) => {
      const g = gates.values[s * gateStride + gateColumn + Math.floor(c / groupWidth)];
      const other = residual ? added.values[r * outputStride + outputColumn + c] : 0;
      return input.values[r * inputStride + c] * g + mean.values[meanColumn + c] * (1 - g) + other;
    }),
  );
  return { given, want: placed(given, want, outputColumn) };
}

/** The same with every gate at this value. */
export function withGates({ given }: { given: KernelCase }, value: number): KernelCase {
  const { gates } = given.reads;
  return { ...given, reads: { ...given.reads, gates: { ...gates, values: new Float32Array(gates.values.length).fill(value) } } };
}
