// x / √(mean of x² + ε) · gamma over the first `width` of `stride` columns of each row; the padding becomes 0. Addresses are bytes, widths
// elements. Twin: src/compute/reference/rms-norm.ts.
import { inverseRootMeanSquare } from './shared/root-mean-square';

export function rmsNorm(rows: i32, input: usize, gamma: usize, output: usize, width: i32, stride: i32, epsilon: f32): void {
  const bytes = (<usize>stride) << 2;
  const used = (<usize>width) << 2;
  const whole = used & ~15;
  for (let r = 0; r < rows; r++) {
    const scale = inverseRootMeanSquare(input, width, width, epsilon);
    for (let c: usize = 0; c < whole; c += 16)
      v128.store(output + c, f32x4.mul(f32x4.mul(v128.load(input + c), f32x4.splat(scale)), v128.load(gamma + c)));
    for (let c = whole; c < used; c += 4) store<f32>(output + c, load<f32>(input + c) * scale * load<f32>(gamma + c));
    for (let c = used; c < bytes; c += 4) store<f32>(output + c, 0);
    input += bytes;
    output += bytes;
  }
}
