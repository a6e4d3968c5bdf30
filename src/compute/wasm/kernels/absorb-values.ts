// output row r, head h = head h's mean row of input row r, (K), times head h's columns of a weight (K, columns in panels of eight), + bias: a
// product for each head. Addresses are bytes, widths and strides elements. Twin: src/compute/reference/absorb-values.ts.
import { matmul } from './matmul';

export function absorbValues(
  rows: i32,
  input: usize,
  weight: usize,
  bias: usize,
  output: usize,
  K: i32,
  headWidth: i32,
  columns: i32,
  inputStride: i32,
  outputStride: i32,
  panelBytes: usize,
  packed: i32,
  expanded: usize,
): void {
  for (let head = 0; head < columns; head += headWidth) {
    const means = input + ((<usize>((head / headWidth) * K)) << 2);
    const panels = weight + <usize>(head >> 3) * panelBytes;
    const at = (<usize>head) << 2;
    matmul(rows, means, panels, bias + at, 0, output + at, K, headWidth, outputStride, 0, panelBytes, packed, expanded, inputStride);
  }
}
