// input · g + mean · (1 − g) (+ residual, laid out as the output), g the gate of the row's sequence for the column's group of `groupWidth`
// columns, a multiple of 4. A gate of 0 leaves NaN and infinities NaN. Addresses are bytes, widths, strides and columns elements.
// Twin: src/compute/reference/gate.ts.
export function gate(
  rows: i32,
  input: usize,
  gates: usize,
  mean: usize,
  sequence: usize,
  residual: usize,
  output: usize,
  columns: i32,
  groupWidth: i32,
  gateStride: i32,
  inputStride: i32,
  outputStride: i32,
): void {
  const bytes = (<usize>columns) << 2;
  const groupBytes = (<usize>groupWidth) << 2;
  for (let r = 0; r < rows; r++) {
    let at = gates + ((<usize>load<u32>(sequence + ((<usize>r) << 2)) * <usize>gateStride) << 2);
    for (let from: usize = 0; from < bytes; from += groupBytes) {
      const g = f32x4.splat(load<f32>(at));
      const rest = f32x4.splat(1 - load<f32>(at));
      for (let c = from; c < min(from + groupBytes, bytes); c += 16) {
        const value = f32x4.add(f32x4.mul(v128.load(input + c), g), f32x4.mul(v128.load(mean + c), rest));
        v128.store(output + c, residual ? f32x4.add(value, v128.load(residual + c)) : value);
      }
      at += 4;
    }
    input += (<usize>inputStride) << 2;
    output += (<usize>outputStride) << 2;
    if (residual) residual += (<usize>outputStride) << 2;
  }
}
