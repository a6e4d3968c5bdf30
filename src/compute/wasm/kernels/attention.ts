// For query row r and head h: softmax(scale · q · kᵀ) v over the key rows ranges[r] = [start, end), heads / keyHeads query heads sharing a
// key head. Rows whose keys start at the same row share them: their keys are turned once into panels of eight like weights (at `panels`) and
// multiplied by the scale on the way, so that scores and values are products by the tiles of `matmul`, eight query rows, or heads of one row,
// at a time with their scores (at `scores`) in between. Sums over keys run from a row's first key on, so the bits do not depend on where a
// sequence lies or what is beside it.
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
  keyHeads: i32,
  headWidth: i32,
  queryStride: i32,
  keyStride: i32,
  outputStride: i32,
  scale: f32,
): void {
  const keyBytes = (<usize>keyStride) << 2;
  const queryBytes = (<usize>queryStride) << 2;
  const outputBytes = (<usize>outputStride) << 2;
  const headBytes = (<usize>headWidth) << 2;
  const group = heads / keyHeads;
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
      for (let g = 0; g < keyHeads; g++) {
        const key = first + <usize>g * headBytes;
        packKeys(keys + key, keyBytes, length, headWidth, scale, panels);
        // What lies side by side in a handful: rows of one head, or heads of one row.
        const handfuls = group === 1 ? 1 : next - r;
        const count = group === 1 ? next - r : group;
        const queryStep = group === 1 ? queryBytes : headBytes;
        const outputStep = group === 1 ? outputBytes : headBytes;
        const rangeStep: usize = group === 1 ? 8 : 0;
        for (let i = 0; i < handfuls; i++)
          for (let q = 0; q < count; q += QUERY_ROWS)
            attendRows(
              min(QUERY_ROWS, count - q),
              query + <usize>(r + i) * queryBytes + <usize>(g * group) * headBytes + <usize>q * queryStep,
              queryStep,
              panels,
              values + key,
              keyBytes,
              length,
              ranges + ((<usize>(r + i)) << 3) + <usize>q * rangeStep,
              rangeStep,
              output + <usize>(r + i) * outputBytes + <usize>(g * group) * headBytes + <usize>q * outputStep,
              outputStep,
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
