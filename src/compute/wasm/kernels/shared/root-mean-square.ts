import { lanesSum } from './lanes';
import { madd } from './madd';

/** 1 / √(Σ x² / count + ε) over `width` numbers. A sum beyond float32 gives that sum, so that `finish` finds the row and not a plausible 0. */
export function inverseRootMeanSquare(at: usize, width: i32, count: i32, epsilon: f32): f32 {
  const end = at + ((<usize>width) << 2);
  let squares = f32x4.splat(0);
  for (; at + 16 <= end; at += 16) {
    const x = v128.load(at);
    squares = madd(x, x, squares);
  }
  let total = lanesSum(squares);
  for (; at < end; at += 4) total += load<f32>(at) * load<f32>(at);
  // Not so for infinities and NaN.
  if (total - total !== 0) return total;
  return 1 / sqrt<f32>(total / <f32>count + epsilon);
}
