// output = activation(gate) · up, the gate in the first and up in the second `columns` columns of an input row. Addresses are bytes, columns
// and strides elements. Twin: src/compute/reference/gated-unit.ts.
import { activate } from './shared/activation';

export function gatedUnit(
  rows: i32,
  input: usize,
  output: usize,
  columns: i32,
  inputStride: i32,
  outputStride: i32,
  activation: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < bytes; c += 64) {
      // Columns come in eights.
      const columns16 = min<usize>(bytes - c, 64);
      const at = output + c;
      for (let d: usize = 0; d < columns16; d += 16) v128.store(at + d, v128.load(input + c + d));
      activate(activation, at, columns16 - 32);
      for (let d: usize = 0; d < columns16; d += 16) v128.store(at + d, f32x4.mul(v128.load(at + d), v128.load(input + bytes + c + d)));
    }
    input += (<usize>inputStride) << 2;
    output += (<usize>outputStride) << 2;
  }
}
