import type { Backend, Executable } from '../../compute/backend.ts';
import { packPanels } from '../../compute/panels.ts';
import { type Program, padWidth } from '../../compute/program.ts';
import { STAMP_COLUMNS } from '../../compute/stamp.ts';

/** A matrix on a device that vectors are multiplied with, many at a time. */
export interface Product {
  /** input (count, K) row-major, padded to `depth` columns → (count, columns); count at most `batch`. */
  times(input: Float32Array, count: number, signal?: AbortSignal): Promise<Float32Array>;
  destroy(): void;
}

/** Puts a padded (depth, columns) row-major matrix on the device; both are multiples of 8. @throws what the backend throws. */
export async function createProduct(
  backend: Backend,
  matrix: Float32Array,
  depth: number,
  columns: number,
  batch: number,
): Promise<Product> {
  const weights = new Map([
    ['matrix', packPanels(matrix, depth, columns)],
    ['bias', new Float32Array(columns)],
  ]);
  const executable: Executable = await backend.prepare(productProgram(depth, columns, batch), weights);
  return {
    times: (input, count, signal) => executable.run({ input }, { tokens: 0, tableRows: 0, sequences: count }, { signal }),
    destroy: () => executable.destroy(),
  };
}

function productProgram(depth: number, columns: number, batch: number): Program {
  return {
    buffers: [
      { name: 'input', kind: 'input', type: 'f32', rows: 'sequences', columns: depth },
      { name: 'matrix', kind: 'weight', type: 'f32', rows: depth, columns },
      { name: 'bias', kind: 'weight', type: 'f32', rows: 1, columns },
      { name: 'result', kind: 'scratch', type: 'f32', rows: 'sequences', columns },
      { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: columns + STAMP_COLUMNS },
    ],
    steps: [
      {
        kernel: 'matmul',
        rows: 'sequences',
        bindings: { input: 'input', weight: 'matrix', bias: 'bias', output: 'result' },
        constants: { K: depth, ACTIVATION: 0, RESIDUAL: 0 },
        params: { columns, weightColumn: 0, outputStride: columns, outputColumn: 0 },
      },
      {
        kernel: 'finish',
        rows: 'sequences',
        bindings: { hidden: 'result', logits: 'result', output: 'output' },
        constants: { WIDTH: columns, LABELS: columns },
        params: { hiddenStride: columns, logitStride: columns },
      },
    ],
    capacity: { tokens: 0, tableRows: 0, sequences: batch },
  };
}

/** Rows of `width` columns, each behind zeros up to the next multiple of 8. */
export function padRows(rows: Float32Array, width: number): Float32Array {
  const stride = padWidth(width);
  const count = rows.length / width;
  const out = new Float32Array(count * stride);
  for (let r = 0; r < count; r++) out.set(rows.subarray(r * width, (r + 1) * width), r * stride);
  return out;
}

/** A (rows, columns) row-major matrix, turned. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c];
  return out;
}
