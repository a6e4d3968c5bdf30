// Over one stretch of the vocabulary after another: each row's highest logit, the sum of e^(logit − highest), the logits of its two targets,
// the token of the highest logit (the first of equal ones), and three zeros. The stretch from token 0 on starts anew. Addresses are bytes,
// columns and strides elements. Twin: src/compute/reference/token-scores.ts.
import { exp } from './shared/exp';
import { lanesMax, lanesSum } from './shared/lanes';

export function tokenScores(
  rows: i32,
  logits: usize,
  targets: usize,
  output: usize,
  columns: i32,
  logitStride: i32,
  firstToken: i32,
): void {
  for (let r = 0; r < rows; r++) {
    if (firstToken === 0) {
      store<f32>(output, -Infinity);
      for (let at: usize = 4; at < 32; at += 4) store<f32>(output + at, 0);
    }
    takeStretch(logits, output, columns, firstToken);
    for (let t: usize = 0; t < 8; t += 4) {
      const wanted = <i32>load<u32>(targets + t) - firstToken;
      if (wanted >= 0 && wanted < columns) store<f32>(output + t, load<f32>(logits + ((<usize>wanted) << 2)), 8);
    }
    logits += (<usize>logitStride) << 2;
    targets += 8;
    output += 32;
  }
}

function takeStretch(logits: usize, output: usize, columns: i32, firstToken: i32): void {
  const whole = columns & ~3;
  const wholeEnd = logits + ((<usize>whole) << 2);
  const end = logits + ((<usize>columns) << 2);
  const before = load<f32>(output);
  let most = f32x4.splat(before);
  for (let at = logits; at < wholeEnd; at += 16) most = f32x4.max(most, v128.load(at));
  let highest = lanesMax(most);
  for (let at = wholeEnd; at < end; at += 4) highest = max(highest, load<f32>(at));
  if (highest > before) {
    let at = logits;
    while (load<f32>(at) !== highest) at += 4;
    store<f32>(output, <f32>(firstToken + <i32>((at - logits) >> 2)), 16);
  }
  const centre = f32x4.splat(highest);
  let sums = f32x4.splat(0);
  for (let at = logits; at < wholeEnd; at += 16) sums = f32x4.add(sums, exp(f32x4.sub(v128.load(at), centre)));
  let total = lanesSum(sums) + load<f32>(output, 4) * expOf(before - highest);
  for (let at = wholeEnd; at < end; at += 4) total += expOf(load<f32>(at) - highest);
  store<f32>(output, highest);
  store<f32>(output, total, 4);
}

function expOf(x: f32): f32 {
  return f32x4.extract_lane(exp(f32x4.splat(x)), 0);
}
