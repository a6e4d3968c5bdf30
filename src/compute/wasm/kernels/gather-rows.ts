// Row r of the output is row index[r] of the input, `columns` columns of it from the given addresses on. Addresses are bytes, widths and strides elements.
// Twin: src/compute/reference/gather-rows.ts.
export function gatherRows(rows: i32, input: usize, index: usize, output: usize, columns: i32, inputStride: i32, outputStride: i32): void {
  for (let r = 0; r < rows; r++) {
    const from = input + <usize>load<u32>(index + ((<usize>r) << 2)) * ((<usize>inputStride) << 2);
    memory.copy(output + <usize>r * ((<usize>outputStride) << 2), from, (<usize>columns) << 2);
  }
}
