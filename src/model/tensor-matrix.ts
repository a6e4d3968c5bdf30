import { BLOCK_TERMS } from '../compute/packed.ts';
import { matrixOf, type StoredMatrix, type WeightType } from './causal/stored.ts';
import { int8Rows, rowToFloat32, type Tensor, toFloat32 } from './safetensors.ts';

/** How float tensors may stay in memory. */
export const STORED: Readonly<Record<string, WeightType>> = { F16: 'f16', BF16: 'bf16' };

/**
 * A matrix of a safetensors file as it is stored: halves, int8 rows with their scales (`scale`) where rows are whole blocks of levels, and
 * float32 otherwise. @throws bad-file naming the tensor.
 */
export function tensorMatrix(name: string, tensor: Tensor, scale?: Tensor): StoredMatrix {
  const [rows, columns] = tensor.shape;
  if (scale) {
    const { row, levels } = int8Rows(name, tensor, scale);
    if (columns % BLOCK_TERMS !== 0) return { rows, columns, type: 'f32', row };
    return {
      ...{ rows, columns, type: 'q8', row },
      levels(r, block, out) {
        out.scales.fill(levels(r, block * BLOCK_TERMS, out.levels));
        out.offset = 0;
      },
    };
  }
  const type = STORED[tensor.dtype];
  if (type === undefined) return matrixOf(toFloat32(name, tensor), rows, columns);
  return { rows, columns, type, row: (r, out) => out.set(rowToFloat32(name, tensor, r)) };
}

/** As `tensorMatrix`, read once and in memory of its own: nothing else of the file is held on to. */
export function tensorTable(name: string, tensor: Tensor, scale?: Tensor): StoredMatrix {
  const own = tensor.dtype === 'F32' ? tensor : { ...tensor, bytes: new Uint8Array(tensor.bytes) };
  return checkedTable(tensorMatrix(name, own, scale));
}

/** A matrix that has been read once. @throws bad-file where a number is NaN or infinite. */
export function checkedTable(matrix: StoredMatrix): StoredMatrix {
  const row = new Float32Array(matrix.columns);
  for (let r = 0; r < matrix.rows; r++) matrix.row(r, row);
  return matrix;
}
