// (x − mean) / √(variance + ε) · gamma + beta over the first `width` of `stride` columns of each row; the padding becomes 0. Two passes, as
// the variance of large numbers is lost in one. Addresses are bytes, widths elements. Twin: src/compute/reference/layer-norm.ts.

import { lanesSum } from './shared/lanes';
import { madd } from './shared/madd';

export function layerNorm(rows: i32, input: usize, gamma: usize, beta: usize, output: usize, width: i32, stride: i32, epsilon: f32): void {
  const bytes = (<usize>stride) << 2;
  for (let r = 0; r < rows; r++) {
    normalise(input, gamma, beta, output, (<usize>width) << 2, bytes, epsilon);
    input += bytes;
    output += bytes;
  }
}

function normalise(input: usize, gamma: usize, beta: usize, output: usize, width: usize, stride: usize, epsilon: f32): void {
  const whole = width & ~15;
  const count = <f32>(width >> 2);
  const mean = rowSum(input, whole, width) / count;
  const centre = f32x4.splat(mean);
  let squares = f32x4.splat(0);
  for (let c: usize = 0; c < whole; c += 16) {
    const d = f32x4.sub(v128.load(input + c), centre);
    squares = madd(d, d, squares);
  }
  let total = lanesSum(squares);
  for (let c = whole; c < width; c += 4) {
    const d = load<f32>(input + c) - mean;
    total += d * d;
  }
  const scale: f32 = 1 / sqrt<f32>(total / count + epsilon);
  for (let c: usize = 0; c < whole; c += 16) {
    const d = f32x4.mul(f32x4.sub(v128.load(input + c), centre), f32x4.splat(scale));
    v128.store(output + c, madd(d, v128.load(gamma + c), v128.load(beta + c)));
  }
  for (let c = whole; c < width; c += 4)
    store<f32>(output + c, (load<f32>(input + c) - mean) * scale * load<f32>(gamma + c) + load<f32>(beta + c));
  for (let c = width; c < stride; c += 4) store<f32>(output + c, 0);
}

function rowSum(row: usize, whole: usize, width: usize): f32 {
  let sums = f32x4.splat(0);
  for (let c: usize = 0; c < whole; c += 16) sums = f32x4.add(sums, v128.load(row + c));
  let total = lanesSum(sums);
  for (let c = whole; c < width; c += 4) total += load<f32>(row + c);
  return total;
}
