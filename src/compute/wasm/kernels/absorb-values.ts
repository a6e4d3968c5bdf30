// output row r, head h = head h's mean row of input row r, (K), times head h's columns of a weight (K, columns in panels of eight), + bias, by
// the tiles of `matmul`. Packed weights are expanded two panels at a time into `expanded`. Addresses are bytes, widths and strides elements.
// Twin: src/compute/reference/absorb-values.ts.
import { expand } from './shared/expand';
import { tile1x4, tile1x16, tile2x16 } from './shared/tile';

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
  const inputBytes = (<usize>inputStride) << 2;
  const outputBytes = (<usize>outputStride) << 2;
  const floatBytes = (<usize>K) << 5;
  for (let head = 0; head < columns; head += headWidth) {
    const from = input + ((<usize>((head / headWidth) * K)) << 2);
    for (let c = 0; c < headWidth; c += 16) {
      const width = min(16, headWidth - c);
      let panel = weight + <usize>((head + c) >> 3) * panelBytes;
      if (packed) {
        expand(packed, panel, 0, K, expanded);
        if (width === 16) expand(packed, panel + panelBytes, 0, K, expanded + floatBytes);
        panel = expanded;
      }
      const to = output + ((<usize>(head + c)) << 2);
      multiply(rows, width, from, inputBytes, panel, packed ? floatBytes : panelBytes, K, to, outputBytes);
      add(rows, width, bias + ((<usize>(head + c)) << 2), to, outputBytes);
    }
  }
}

function multiply(
  rows: i32,
  width: i32,
  input: usize,
  inputStride: usize,
  panel: usize,
  gap: usize,
  K: i32,
  output: usize,
  outputStride: usize,
): void {
  let r = 0;
  if (width === 16) {
    for (; r + 2 <= rows; r += 2) tile2x16(r, 0, K, input, inputStride, panel, gap, 32, output, outputStride);
    if (r < rows) tile1x16(r, 0, K, input, inputStride, panel, gap, 32, output, outputStride);
  } else
    for (; r < rows; r++) {
      tile1x4(r, K, input, inputStride, panel, 32, output, outputStride);
      tile1x4(r, K, input, inputStride, panel + 16, 32, output + 16, outputStride);
    }
}

function add(rows: i32, width: i32, bias: usize, output: usize, stride: usize): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < bytes; c += 16) v128.store(output + c, f32x4.add(v128.load(output + c), v128.load(bias + c)));
    output += stride;
  }
}
