// output (rows, columns) = activation(input (rows, K) · weight + bias) (+ residual, laid out as the output). Input rows lie `inputStride`
// apart. Weights lie in panels of eight columns (src/compute/panels.ts), two of which a tile takes at once; packed ones
// (src/compute/packed.ts) are expanded into `expanded` on the way: for one block of rows a block of terms of two panels at a time, for
// several a strip of panels once for all of them. Addresses are bytes, widths and strides elements.
// Twin: src/compute/reference/matmul.ts.
import { activate } from './shared/activation';
import { expand } from './shared/expand';
import { tile1x4, tile1x16, tile2x16, tile4x4, tile6x8 } from './shared/tile';

/** Rows and terms of one block: its inputs (256 KiB) stay in a second-level cache, and the weights of a tile (32 KiB) in a first-level one. */
const BLOCK_ROWS: i32 = 126;
const BLOCK_TERMS: i32 = 512;
/** Expanded weights of a strip (256 KiB), for a second-level cache: as many whole tiles of sixteen columns, and at least one. */
const STRIP_WEIGHTS: i32 = 65536;

export function matmul(
  rows: i32,
  input: usize,
  weight: usize,
  bias: usize,
  residual: usize,
  output: usize,
  K: i32,
  columns: i32,
  outputStride: i32,
  activation: i32,
  panelBytes: usize,
  packed: i32,
  expanded: usize,
  inputStride: i32,
): void {
  if (!packed || rows <= BLOCK_ROWS) {
    multiplyPanels(
      rows,
      input,
      weight,
      bias,
      residual,
      output,
      K,
      columns,
      outputStride,
      activation,
      panelBytes,
      packed,
      expanded,
      inputStride,
    );
    return;
  }
  const strip = max(16, (STRIP_WEIGHTS / K) & ~15);
  const expandedBytes = (<usize>K) << 5;
  for (let n = 0; n < columns; n += strip) {
    const count = min(strip, columns - n);
    const at = (<usize>n) << 2;
    const panels = weight + (<usize>n >> 3) * panelBytes;
    for (let p: usize = 0; p < <usize>count >> 3; p++) expand(packed, panels + p * panelBytes, 0, K, expanded + p * expandedBytes);
    const added = residual ? residual + at : 0;
    multiplyPanels(
      rows,
      input,
      expanded,
      bias + at,
      added,
      output + at,
      K,
      count,
      outputStride,
      activation,
      expandedBytes,
      0,
      0,
      inputStride,
    );
  }
}

/** `matmul` with weights expanded a tile at a time where they are packed. */
function multiplyPanels(
  rows: i32,
  input: usize,
  weight: usize,
  bias: usize,
  residual: usize,
  output: usize,
  K: i32,
  columns: i32,
  outputStride: i32,
  activation: i32,
  panelBytes: usize,
  packed: i32,
  expanded: usize,
  inputStride: i32,
): void {
  const stride = (<usize>outputStride) << 2;
  const inputBytes = (<usize>inputStride) << 2;
  for (let r = 0; r < rows; r += BLOCK_ROWS) {
    const count = min(BLOCK_ROWS, rows - r);
    const from = input + <usize>r * inputBytes;
    const to = output + <usize>r * stride;
    const added = residual ? residual + <usize>r * stride : 0;
    let n = 0;
    for (; n + 16 <= columns; n += 16) {
      const at = (<usize>n) << 2;
      multiply16(count, from, inputBytes, weight + (<usize>n >> 3) * panelBytes, panelBytes, packed, expanded, to + at, K, stride);
      finishColumns(count, 16, bias + at, added ? added + at : 0, to + at, stride, activation);
    }
    if (n < columns) {
      const at = (<usize>n) << 2;
      let panel = weight + (<usize>n >> 3) * panelBytes;
      if (packed) {
        expand(packed, panel, 0, K, expanded);
        panel = expanded;
      }
      multiply8(count, from, inputBytes, panel, to + at, K, stride);
      finishColumns(count, 8, bias + at, added ? added + at : 0, to + at, stride, activation);
    }
  }
}

/** Sixteen columns: sums of all rows over one block of terms after another, so that its weights are read once from afar. */
function multiply16(
  rows: i32,
  input: usize,
  inputStride: usize,
  panels: usize,
  panelBytes: usize,
  packed: i32,
  expanded: usize,
  output: usize,
  K: i32,
  stride: usize,
): void {
  let weight = panels;
  let gap = panelBytes;
  for (let from = 0; from < K; from += BLOCK_TERMS) {
    const to = min(K, from + BLOCK_TERMS);
    if (packed) {
      gap = BLOCK_TERMS << 5;
      expand(packed, panels, from, to, expanded);
      expand(packed, panels + panelBytes, from, to, expanded + gap);
      // Where term 0 would lie.
      weight = expanded - ((<usize>from) << 5);
    }
    let r = 0;
    if (ASC_FEATURE_RELAXED_SIMD)
      for (; r + 6 <= rows; r += 6) {
        tile6x8(r, from, to, input, inputStride, weight, 32, output, stride);
        tile6x8(r, from, to, input, inputStride, weight + gap, 32, output + 32, stride);
      }
    for (; r + 2 <= rows; r += 2) tile2x16(r, from, to, input, inputStride, weight, gap, 32, output, stride);
    if (r < rows) tile1x16(r, from, to, input, inputStride, weight, gap, 32, output, stride);
  }
}

function multiply8(rows: i32, input: usize, inputStride: usize, weight: usize, output: usize, K: i32, stride: usize): void {
  for (let half: usize = 0; half < 32; half += 16) {
    let r = 0;
    for (; r + 4 <= rows; r += 4) tile4x4(r, K, input, inputStride, weight + half, 32, output + half, stride);
    for (; r < rows; r++) tile1x4(r, K, input, inputStride, weight + half, 32, output + half, stride);
  }
}

/** Bias, activation and residual over sixteen or eight columns whose sums have just been stored. */
function finishColumns(rows: i32, columns: i32, bias: usize, residual: usize, output: usize, stride: usize, activation: i32): void {
  const bytes = (<usize>columns) << 2;
  const far = bytes - 32;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < bytes; c += 16) v128.store(output + c, f32x4.add(v128.load(output + c), v128.load(bias + c)));
    if (activation) activate(activation, output, far);
    if (residual) {
      for (let c: usize = 0; c < bytes; c += 16) v128.store(output + c, f32x4.add(v128.load(output + c), v128.load(residual + c)));
      residual += stride;
    }
    output += stride;
  }
}
