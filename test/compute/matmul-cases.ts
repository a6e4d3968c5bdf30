import { packPanels } from '../../src/compute/panels.ts';
import { createRandom } from '../../src/core/random.ts';
import { NAIVE_ACTIVATIONS } from './activations.ts';
import { type KernelCase, type Matrix, normals, placed } from './support.ts';

/** A product stated by its sizes; whatever is left out is the plain whole product. */
export interface Product {
  readonly rows: number;
  readonly K: number;
  readonly columns: number;
  readonly activation?: number;
  readonly residual?: boolean;
  /** Columns of the weight, of which `columns` from `weightColumn` on are used; likewise for the output. */
  readonly weightColumns?: number;
  readonly weightColumn?: number;
  readonly outputStride?: number;
  readonly outputColumn?: number;
}

/** A case of random numbers, and what the textbook makes of them in float64. */
export function productCase(p: Product, seed: number): { given: KernelCase; want: number[] } {
  const random = createRandom(seed);
  const weightColumns = p.weightColumns ?? p.columns;
  const stride = p.outputStride ?? p.columns;
  const input = normals(random, p.rows, p.K);
  // Weights of the size that keeps a product of normal inputs normal.
  const weight = normals(random, p.K, weightColumns, 1 / Math.sqrt(p.K));
  const bias = normals(random, 1, weightColumns);
  const residual = p.residual ? normals(random, p.rows, stride) : null;
  return productOf(p, input, weight, bias, residual);
}

/** The case of given matrices. */
export function productOf(
  p: Product,
  input: Matrix,
  weight: Matrix,
  bias: Matrix,
  residual: Matrix | null,
): { given: KernelCase; want: number[] } {
  const weightColumns = p.weightColumns ?? p.columns;
  const [weightColumn, outputColumn, outputStride] = [p.weightColumn ?? 0, p.outputColumn ?? 0, p.outputStride ?? p.columns];
  const panels = { ...weight, values: packPanels(weight.values, p.K, weightColumns) };
  const given: KernelCase = {
    kernel: 'matmul',
    reads: { input, weight: panels, bias, ...(residual ? { residual } : {}) },
    constants: { K: p.K, ACTIVATION: p.activation ?? 0, RESIDUAL: residual ? 1 : 0 },
    params: { columns: p.columns, weightColumn, outputStride, outputColumn },
    rows: p.rows,
    outputColumns: outputStride,
  };
  const want = Array.from({ length: p.rows }, (_, r) =>
    Array.from({ length: p.columns }, (_, c) => {
      let sum = bias.values[weightColumn + c];
      for (let k = 0; k < p.K; k++) sum += input.values[r * p.K + k] * weight.values[k * weightColumns + weightColumn + c];
      return NAIVE_ACTIVATIONS[p.activation ?? 0](sum) + (residual?.values[r * outputStride + outputColumn + c] ?? 0);
    }),
  );
  return { given, want: placed(given, want, outputColumn) };
}
