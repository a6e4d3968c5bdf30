// Tiles of a product: rows of output (rows, columns) = a (rows, terms) · b (terms, columns) from term `from` to term `to`, added to what is
// there where `from` is not 0. Addresses and strides are bytes; `step` leads from one row of b to the next, and its columns 8 to 15 start
// `gap` behind its columns 0 to 7. Each sum runs over the terms in order in every tile, so a row has the same bits whatever is beside it.
//
// V8, old and new, keeps fifteen vectors in registers. With relaxed SIMD six rows by eight columns take them all; twelve sums under way
// hide the four cycles that a fused product takes. A plain product needs one more register between its multiplication and its addition, so
// it takes two rows by sixteen columns, whose eight sums are enough, as an addition alone is quicker. Nothing is unrolled: V8 in Node 20
// moves all loads of a loop to its start, and would spill. Addresses are sums formed inside the tile, because V8 then knows their upper
// halves to be zero and drops moves from the inner loop.
import { madd } from './madd';

/** Rows `row` to `row` + 5 by eight columns. */
export function tile6x8(
  row: i32,
  from: i32,
  to: i32,
  a: usize,
  aStride: usize,
  b: usize,
  step: usize,
  output: usize,
  outputStride: usize,
): void {
  const out0 = output + <usize>row * outputStride;
  const out1 = out0 + outputStride;
  const out2 = out1 + outputStride;
  const out3 = out2 + outputStride;
  const out4 = out3 + outputStride;
  const out5 = out4 + outputStride;
  let s0 = f32x4.splat(0);
  let t0 = s0;
  let s1 = s0;
  let t1 = s0;
  let s2 = s0;
  let t2 = s0;
  let s3 = s0;
  let t3 = s0;
  let s4 = s0;
  let t4 = s0;
  let s5 = s0;
  let t5 = s0;
  if (from > 0) {
    s0 = v128.load(out0);
    t0 = v128.load(out0, 16);
    s1 = v128.load(out1);
    t1 = v128.load(out1, 16);
    s2 = v128.load(out2);
    t2 = v128.load(out2, 16);
    s3 = v128.load(out3);
    t3 = v128.load(out3, 16);
    s4 = v128.load(out4);
    t4 = v128.load(out4, 16);
    s5 = v128.load(out5);
    t5 = v128.load(out5, 16);
  }
  let a0 = a + <usize>row * aStride + ((<usize>from) << 2);
  let a1 = a0 + aStride;
  let a2 = a1 + aStride;
  let a3 = a2 + aStride;
  let a4 = a3 + aStride;
  let a5 = a4 + aStride;
  let weights = b + <usize>from * step;
  const end = a0 + ((<usize>(to - from)) << 2);
  while (a0 < end) {
    const low = v128.load(weights);
    const high = v128.load(weights, 16);
    let x = v128.load32_splat(a0);
    s0 = madd(x, low, s0);
    t0 = madd(x, high, t0);
    x = v128.load32_splat(a1);
    s1 = madd(x, low, s1);
    t1 = madd(x, high, t1);
    x = v128.load32_splat(a2);
    s2 = madd(x, low, s2);
    t2 = madd(x, high, t2);
    x = v128.load32_splat(a3);
    s3 = madd(x, low, s3);
    t3 = madd(x, high, t3);
    x = v128.load32_splat(a4);
    s4 = madd(x, low, s4);
    t4 = madd(x, high, t4);
    x = v128.load32_splat(a5);
    s5 = madd(x, low, s5);
    t5 = madd(x, high, t5);
    weights += step;
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
  }
  v128.store(out0, s0);
  v128.store(out0, t0, 16);
  v128.store(out1, s1);
  v128.store(out1, t1, 16);
  v128.store(out2, s2);
  v128.store(out2, t2, 16);
  v128.store(out3, s3);
  v128.store(out3, t3, 16);
  v128.store(out4, s4);
  v128.store(out4, t4, 16);
  v128.store(out5, s5);
  v128.store(out5, t5, 16);
}

/** Rows `row` and `row` + 1 by sixteen columns. */
export function tile2x16(
  row: i32,
  from: i32,
  to: i32,
  a: usize,
  aStride: usize,
  b: usize,
  gap: usize,
  step: usize,
  output: usize,
  outputStride: usize,
): void {
  const out = output + <usize>row * outputStride;
  const next = out + outputStride;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  if (from > 0) {
    a0 = v128.load(out);
    a1 = v128.load(out, 16);
    a2 = v128.load(out, 32);
    a3 = v128.load(out, 48);
    b0 = v128.load(next);
    b1 = v128.load(next, 16);
    b2 = v128.load(next, 32);
    b3 = v128.load(next, 48);
  }
  let first = a + <usize>row * aStride + ((<usize>from) << 2);
  let second = first + aStride;
  let low = b + <usize>from * step;
  let high = low + gap;
  const end = first + ((<usize>(to - from)) << 2);
  while (first < end) {
    const w0 = v128.load(low);
    const w1 = v128.load(low, 16);
    const w2 = v128.load(high);
    const w3 = v128.load(high, 16);
    const x = v128.load32_splat(first);
    a0 = madd(x, w0, a0);
    a1 = madd(x, w1, a1);
    a2 = madd(x, w2, a2);
    a3 = madd(x, w3, a3);
    const y = v128.load32_splat(second);
    b0 = madd(y, w0, b0);
    b1 = madd(y, w1, b1);
    b2 = madd(y, w2, b2);
    b3 = madd(y, w3, b3);
    low += step;
    high += step;
    first += 4;
    second += 4;
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, a2, 32);
  v128.store(out, a3, 48);
  v128.store(next, b0);
  v128.store(next, b1, 16);
  v128.store(next, b2, 32);
  v128.store(next, b3, 48);
}

/** Row `row` by sixteen columns. */
export function tile1x16(
  row: i32,
  from: i32,
  to: i32,
  a: usize,
  aStride: usize,
  b: usize,
  gap: usize,
  step: usize,
  output: usize,
  outputStride: usize,
): void {
  const out = output + <usize>row * outputStride;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  if (from > 0) {
    a0 = v128.load(out);
    a1 = v128.load(out, 16);
    a2 = v128.load(out, 32);
    a3 = v128.load(out, 48);
  }
  let first = a + <usize>row * aStride + ((<usize>from) << 2);
  let low = b + <usize>from * step;
  let high = low + gap;
  const end = first + ((<usize>(to - from)) << 2);
  while (first < end) {
    const x = v128.load32_splat(first);
    a0 = madd(x, v128.load(low), a0);
    a1 = madd(x, v128.load(low, 16), a1);
    a2 = madd(x, v128.load(high), a2);
    a3 = madd(x, v128.load(high, 16), a3);
    low += step;
    high += step;
    first += 4;
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, a2, 32);
  v128.store(out, a3, 48);
}

/** Row `row` by four columns, all `terms` at once: for the few columns that sixteen leave over. */
export function tile1x4(row: i32, terms: i32, a: usize, aStride: usize, b: usize, step: usize, output: usize, outputStride: usize): void {
  let sum = f32x4.splat(0);
  let first = a + <usize>row * aStride;
  const end = first + ((<usize>terms) << 2);
  while (first < end) {
    sum = madd(v128.load32_splat(first), v128.load(b), sum);
    b += step;
    first += 4;
  }
  v128.store(output + <usize>row * outputStride, sum);
}

/** Rows `row` to `row` + 3 by four columns, all `terms` at once: four sums under way, so that none waits for itself. */
export function tile4x4(row: i32, terms: i32, a: usize, aStride: usize, b: usize, step: usize, output: usize, outputStride: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let a0 = a + <usize>row * aStride;
  let a1 = a0 + aStride;
  let a2 = a1 + aStride;
  let a3 = a2 + aStride;
  const end = a0 + ((<usize>terms) << 2);
  while (a0 < end) {
    const w = v128.load(b);
    s0 = madd(v128.load32_splat(a0), w, s0);
    s1 = madd(v128.load32_splat(a1), w, s1);
    s2 = madd(v128.load32_splat(a2), w, s2);
    s3 = madd(v128.load32_splat(a3), w, s3);
    b += step;
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
  }
  const out = output + <usize>row * outputStride;
  v128.store(out, s0);
  v128.store(out + outputStride, s1);
  v128.store(out + 2 * outputStride, s2);
  v128.store(out + 3 * outputStride, s3);
}
