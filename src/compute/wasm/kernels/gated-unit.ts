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
    for (let c: usize = 0; c < bytes; c += 16)
      v128.store(output + c, f32x4.mul(activate(activation, v128.load(input + c)), v128.load(input + bytes + c)));
    input += (<usize>inputStride) << 2;
    output += (<usize>outputStride) << 2;
  }
}
