import type { Packed } from '../../src/compute/packed.ts';
import { packPanels } from '../../src/compute/panels.ts';
import { createRandom } from '../../src/core/random.ts';
import { packedMatrix } from './packed-cases.ts';
import { type KernelCase, type Matrix, normals, placed } from './support.ts';

/** Sums of up to 96 products of numbers of size 1, in float32. */
export const FLOAT32 = { absolute: 2e-5, relative: 2e-5 };
/** Both in float64, and rounded to float32 once on the way home. */
export const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

export interface Absorbed {
  readonly rows: number;
  /** Depth of the weight, which the rows of absorbed queries and means have too. */
  readonly K: number;
  readonly heads: number;
  readonly headWidth: number;
}

/** One row; rows on every side of two and four; heads of one panel, of three and of four; more numbers than a workgroup of the shader has. */
export const SHAPES: readonly Absorbed[] = [
  { rows: 1, K: 8, heads: 1, headWidth: 8 },
  { rows: 5, K: 24, heads: 3, headWidth: 8 },
  { rows: 2, K: 72, heads: 3, headWidth: 24 },
  { rows: 7, K: 96, heads: 3, headWidth: 32 },
];

/** Columns of the weight before those that are used. */
const BEFORE = 16;

/** A weight with columns of rubbish on both sides, as (K, columns) and in panels. */
function weightOf({ K, heads, headWidth }: Absorbed) {
  const columns = heads * headWidth;
  const all = BEFORE + columns + 8;
  const weight = normals(createRandom(K + columns), K, all);
  const panels: Matrix = { ...weight, values: packPanels(weight.values, K, all) };
  return {
    columns,
    panels,
    bias: normals(createRandom(columns), 1, all),
    at: (k: number, c: number) => weight.values[k * all + BEFORE + c],
  };
}

const range = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));
const total = (length: number, of: (i: number) => number): number => range(length, of).reduce((a, b) => a + b, 0);

/** Queries of several heads, and each head's product with its columns of the weight. */
function keysCase(shape: Absorbed): { given: KernelCase; want: number[] } {
  const { rows, K, heads, headWidth } = shape;
  const { columns, panels, at } = weightOf(shape);
  const input = normals(createRandom(rows), rows, columns);
  const want = range(rows, (r) =>
    range(heads * K, (c) => {
      const head = Math.floor(c / K) * headWidth;
      return total(headWidth, (d) => input.values[r * columns + head + d] * at(c % K, head + d));
    }),
  );
  const given: KernelCase = {
    kernel: 'absorb-keys',
    reads: { input, weight: panels },
    constants: { K, HEAD_WIDTH: headWidth },
    params: { columns, weightColumn: BEFORE },
    rows,
    outputColumns: heads * K,
  };
  return { given, want: placed(given, want) };
}

/** A row for each head, and its product with that head's columns of the weight. */
function valuesCase(shape: Absorbed): { given: KernelCase; want: number[] } {
  const { rows, K, heads, headWidth } = shape;
  const { columns, panels, bias, at } = weightOf(shape);
  const input = normals(createRandom(rows), rows, heads * K);
  const want = range(rows, (r) =>
    range(columns, (c) => {
      const head = r * heads * K + Math.floor(c / headWidth) * K;
      return total(K, (k) => input.values[head + k] * at(k, c)) + bias.values[BEFORE + c];
    }),
  );
  const given: KernelCase = {
    kernel: 'absorb-values',
    reads: { input, weight: panels, bias },
    constants: { K, HEAD_WIDTH: headWidth },
    params: { columns, weightColumn: BEFORE },
    rows,
    outputColumns: columns,
  };
  return { given, want: placed(given, want) };
}

/** The two kernels that absorb a head's columns of a weight: a case of each shape, and what it comes to. */
export const ABSORBING = {
  'absorb-keys': { caseOf: keysCase, is: 'a head’s query times its columns of the weight' },
  'absorb-values': { caseOf: valuesCase, is: 'a head’s row times its columns of the weight, and the bias' },
};

/** A case with its weight packed, and the same with the float32 that stands for. */
export function withPacked({ given }: { given: KernelCase }, type: Packed): { packed: KernelCase; plain: KernelCase } {
  const { rows, columns } = given.reads.weight;
  const { words, values } = packedMatrix(type, rows, columns, 5);
  return {
    packed: { ...given, reads: { ...given.reads, weight: { rows, columns, values: words, packed: type } } },
    plain: { ...given, reads: { ...given.reads, weight: { rows, columns, values } } },
  };
}
