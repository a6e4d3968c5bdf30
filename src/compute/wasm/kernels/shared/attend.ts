// What both attention kernels share: query rows of one head against keys in panels and values in rows. Addresses and strides are bytes.
import { exp16 } from './exp';
import { lanesMax, lanesSum } from './lanes';
import { tile1x4, tile1x16, tile2x16 } from './tile';

/** Query rows that are taken at a time; their scores lie side by side. */
export const QUERY_ROWS: i32 = 8;
const LEAST: f32 = -Infinity;

/** A mean of nothing: not a number, which `finish` reports. */
export function noKeys(rows: i32, output: usize, stride: usize, columns: i32): void {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) store<f32>(output + <usize>r * stride + ((<usize>c) << 2), NaN);
}

/** Four keys of `width` turned into four columns of a panel of eight at `to`. */
export function turnKeys(k0: usize, k1: usize, k2: usize, k3: usize, width: i32, to: usize): void {
  for (let d: usize = 0; d < (<usize>width) << 2; d += 16) {
    const a = v128.load(k0 + d);
    const b = v128.load(k1 + d);
    const c = v128.load(k2 + d);
    const e = v128.load(k3 + d);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const ce = v128.shuffle<i32>(c, e, 0, 4, 1, 5);
    const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const CE = v128.shuffle<i32>(c, e, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(ab, ce, 0, 2));
    v128.store(to, v128.shuffle<i64>(ab, ce, 1, 3), 32);
    v128.store(to, v128.shuffle<i64>(AB, CE, 0, 2), 64);
    v128.store(to, v128.shuffle<i64>(AB, CE, 1, 3), 96);
    to += 128;
  }
}

/** Up to eight query rows against all keys from `start` on; each takes those of its own range, `rangeStride` bytes behind the one before. */
export function attendRows(
  rows: i32,
  query: usize,
  queryStride: usize,
  panels: usize,
  values: usize,
  valueStride: usize,
  length: i32,
  ranges: usize,
  rangeStride: usize,
  output: usize,
  outputStride: usize,
  scores: usize,
  width: i32,
): void {
  const padded = (length + 15) & ~15;
  const scoreStride = (<usize>padded) << 2;
  const panelBytes = (<usize>width) << 5;
  for (let key = 0; key < padded; key += 16) {
    const panel = panels + <usize>(key >> 3) * panelBytes;
    const to = scores + ((<usize>key) << 2);
    let r = 0;
    for (; r + 2 <= rows; r += 2) tile2x16(r, 0, width, query, queryStride, panel, panelBytes, 32, to, scoreStride);
    if (r < rows) tile1x16(r, 0, width, query, queryStride, panel, panelBytes, 32, to, scoreStride);
  }
  for (let r = 0; r < rows; r++) {
    const range = ranges + <usize>r * rangeStride;
    softmax(scores + <usize>r * scoreStride, <i32>(load<u32>(range, 4) - load<u32>(range)), padded);
  }
  weigh(rows, scores, scoreStride, values, valueStride, length, output, outputStride, width);
}

/** Scores to weights that sum to 1 over the first `length` of `padded` keys; the others weigh 0. */
function softmax(scores: usize, length: i32, padded: i32): void {
  const end = scores + ((<usize>padded) << 2);
  for (let at = scores + ((<usize>length) << 2); at < end; at += 4) store<f32>(at, LEAST);
  let most = f32x4.splat(LEAST);
  for (let at = scores; at < end; at += 16) most = f32x4.pmax(most, v128.load(at));
  const highest = f32x4.splat(lanesMax(most));
  let sums = f32x4.splat(0);
  for (let at = scores; at < end; at += 16) v128.store(at, f32x4.sub(v128.load(at), highest));
  for (let at = scores; at < end; at += 64) exp16(at, 32);
  for (let at = scores; at < end; at += 16) sums = f32x4.add(sums, v128.load(at));
  const share = f32x4.splat(1 / lanesSum(sums));
  for (let at = scores; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), share));
}

/** output (rows, width) = weights (rows, length) · values (length, width). */
function weigh(
  rows: i32,
  weights: usize,
  weightStride: usize,
  values: usize,
  valueStride: usize,
  length: i32,
  output: usize,
  outputStride: usize,
  width: i32,
): void {
  let d = 0;
  for (; d + 16 <= width; d += 16) {
    const at = (<usize>d) << 2;
    let r = 0;
    for (; r + 2 <= rows; r += 2) tile2x16(r, 0, length, weights, weightStride, values + at, 32, valueStride, output + at, outputStride);
    if (r < rows) tile1x16(r, 0, length, weights, weightStride, values + at, 32, valueStride, output + at, outputStride);
  }
  for (; d < width; d += 4) {
    const at = (<usize>d) << 2;
    for (let r = 0; r < rows; r++) tile1x4(r, length, weights, weightStride, values + at, valueStride, output + at, outputStride);
  }
}
