// output row r, head h = the rows of head h's columns of a weight (K, columns in panels of eight), times the head of query row r: four of them
// and two query rows at a time. Sums run over a head's columns, eight apart in each lane, in the same order for any number of rows. Packed
// weights are expanded a head at a time into `expanded`. Addresses are bytes, widths and strides elements.
// Twin: src/compute/reference/absorb-keys.ts.
import { expand } from './shared/expand';
import { madd } from './shared/madd';

export function absorbKeys(
  rows: i32,
  input: usize,
  weight: usize,
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
  const panels = headWidth >> 3;
  const floatBytes = (<usize>K) << 5;
  for (let head = 0; head < columns; head += headWidth) {
    let first = weight + <usize>(head >> 3) * panelBytes;
    if (packed) {
      for (let p = 0; p < panels; p++) expand(packed, first + <usize>p * panelBytes, 0, K, expanded + <usize>p * floatBytes);
      first = expanded;
    }
    const stride = packed ? floatBytes : panelBytes;
    const from = input + ((<usize>head) << 2);
    const to = output + ((<usize>((head / headWidth) * K)) << 2);
    let r = 0;
    for (; r + 2 <= rows; r += 2)
      two(from + <usize>r * inputBytes, inputBytes, first, stride, panels, K, to + <usize>r * outputBytes, outputBytes);
    // A last row alone stands for two.
    if (r < rows) two(from + <usize>r * inputBytes, 0, first, stride, panels, K, to + <usize>r * outputBytes, 0);
  }
}

function two(
  query: usize,
  queryStride: usize,
  weight: usize,
  stride: usize,
  panels: i32,
  K: i32,
  output: usize,
  outputStride: usize,
): void {
  for (let k = 0; k < K; k += 4) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let t0 = s0;
    let t1 = s0;
    let t2 = s0;
    let t3 = s0;
    let at = weight + ((<usize>k) << 5);
    let q = query;
    for (let p = 0; p < panels; p++) {
      let x = v128.load(q);
      let y = v128.load(q + queryStride);
      let w = v128.load(at);
      s0 = madd(x, w, s0);
      t0 = madd(y, w, t0);
      w = v128.load(at, 32);
      s1 = madd(x, w, s1);
      t1 = madd(y, w, t1);
      w = v128.load(at, 64);
      s2 = madd(x, w, s2);
      t2 = madd(y, w, t2);
      w = v128.load(at, 96);
      s3 = madd(x, w, s3);
      t3 = madd(y, w, t3);
      x = v128.load(q, 16);
      y = v128.load(q + queryStride, 16);
      w = v128.load(at, 16);
      s0 = madd(x, w, s0);
      t0 = madd(y, w, t0);
      w = v128.load(at, 48);
      s1 = madd(x, w, s1);
      t1 = madd(y, w, t1);
      w = v128.load(at, 80);
      s2 = madd(x, w, s2);
      t2 = madd(y, w, t2);
      w = v128.load(at, 112);
      s3 = madd(x, w, s3);
      t3 = madd(y, w, t3);
      q += 32;
      at += stride;
    }
    const out = output + ((<usize>k) << 2);
    v128.store(out, sums(s0, s1, s2, s3));
    v128.store(out + outputStride, sums(t0, t1, t2, t3));
  }
}

/** The sum of each vector's lanes, side by side. */
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}
