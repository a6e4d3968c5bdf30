// For query row r and head h: softmax(scale · q · kᵀ) v over the key rows ranges[r] = [start, end). Rows whose keys start at the same row
// share them: their keys are turned once into panels of eight like weights (at `panels`) and multiplied by the scale on the way, so that
// scores and values are products by the tiles of `matmul`, eight query rows at a time with their scores (at `scores`) in between. Sums over
// keys run from a row's first key on, so the bits do not depend on where a sequence lies or what is beside it.
// Addresses are bytes, widths and strides elements. Twin: src/compute/reference/attention.ts.
import { attendRows, noKeys, QUERY_ROWS, turnKeys } from './shared/attend';

export function attention(
  rows: i32,
  query: usize,
  keys: usize,
  values: usize,
  ranges: usize,
  output: usize,
  panels: usize,
  scores: usize,
  heads: i32,
  headWidth: i32,
  queryStride: i32,
  keyStride: i32,
  outputStride: i32,
  scale: f32,
): void {
  const keyBytes = (<usize>keyStride) << 2;
  const queryBytes = (<usize>queryStride) << 2;
  const outputBytes = (<usize>outputStride) << 2;
  for (let r = 0; r < rows; ) {
    const start = load<u32>(ranges + ((<usize>r) << 3));
    let end = load<u32>(ranges + ((<usize>r) << 3), 4);
    let next = r + 1;
    for (; next < rows && load<u32>(ranges + ((<usize>next) << 3)) === start; next++)
      end = max(end, load<u32>(ranges + ((<usize>next) << 3), 4));
    const length = <i32>(end - start);
    const first = <usize>start * keyBytes;
    if (length === 0) noKeys(next - r, output + <usize>r * outputBytes, outputBytes, heads * headWidth);
    else
      for (let h = 0; h < heads; h++) {
        const head = (<usize>(h * headWidth)) << 2;
        packKeys(keys + first + head, keyBytes, length, headWidth, scale, panels);
        for (let q = r; q < next; q += QUERY_ROWS)
          attendRows(
            min(QUERY_ROWS, next - q),
            query + <usize>q * queryBytes + head,
            queryBytes,
            panels,
            values + first + head,
            keyBytes,
            length,
            ranges + ((<usize>q) << 3),
            output + <usize>q * outputBytes + head,
            outputBytes,
            scores,
            headWidth,
          );
      }
    r = next;
  }
}

/** Keys (length, width), scaled, as panels of eight keys, (width, 8) each and an even number of them; keys past the end repeat the last one. */
function packKeys(keys: usize, stride: usize, length: i32, width: i32, scale: f32, panels: usize): void {
  const padded = (length + 15) & ~15;
  const last = length - 1;
  for (let key = 0; key < padded; key += 4)
    turnKeys(
      keys + <usize>min(key, last) * stride,
      keys + <usize>min(key + 1, last) * stride,
      keys + <usize>min(key + 2, last) * stride,
      keys + <usize>min(key + 3, last) * stride,
      width,
      panels + <usize>((key >> 3) * width) * 32 + ((<usize>(key & 4)) << 2),
    );
  const factor = f32x4.splat(scale);
  const end = panels + ((<usize>(padded * width)) << 2);
  for (let at = panels; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
}
