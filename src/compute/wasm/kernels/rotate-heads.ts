// Pairs (i, i + headWidth / 2) of each head, after an RMS norm of the head's `headSize` real columns where `norm` is 1, turned by the angles
// of the row's position; `rotations` has a row of cosines with sines behind them for each position. Addresses are bytes, widths, strides and
// columns elements. Twin: src/compute/reference/rotate-heads.ts.
import { inverseRootMeanSquare } from './shared/root-mean-square';

export function rotateHeads(
  rows: i32,
  input: usize,
  position: usize,
  rotations: usize,
  gamma: usize,
  output: usize,
  heads: i32,
  headWidth: i32,
  headSize: i32,
  norm: i32,
  epsilon: f32,
  inputStride: i32,
  outputStride: i32,
): void {
  const bytes = (<usize>headWidth) << 2;
  for (let r = 0; r < rows; r++) {
    const turn = rotations + <usize>load<u32>(position + ((<usize>r) << 2)) * bytes;
    for (let h = 0; h < heads; h++) {
      const at = <usize>h * bytes;
      const scale = norm ? inverseRootMeanSquare(input + at, headWidth, headSize, epsilon) : 1;
      rotate(input + at, norm ? gamma + at : 0, scale, turn, output + at, bytes >> 1);
    }
    input += (<usize>inputStride) << 2;
    output += (<usize>outputStride) << 2;
  }
}

function rotate(input: usize, gamma: usize, scale: f32, turn: usize, output: usize, half: usize): void {
  const factor = f32x4.splat(scale);
  for (let c: usize = 0; c < half; c += 16) {
    let a = v128.load(input + c);
    let b = v128.load(input + half + c);
    if (gamma) {
      a = f32x4.mul(f32x4.mul(a, factor), v128.load(gamma + c));
      b = f32x4.mul(f32x4.mul(b, factor), v128.load(gamma + half + c));
    }
    const cosine = v128.load(turn + c);
    const sine = v128.load(turn + half + c);
    v128.store(output + c, f32x4.sub(f32x4.mul(a, cosine), f32x4.mul(b, sine)));
    v128.store(output + half + c, f32x4.add(f32x4.mul(b, cosine), f32x4.mul(a, sine)));
  }
}
