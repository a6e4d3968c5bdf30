// For query row r and head h: softmax(q · kᵀ) v over the key rows paths[ranges[r].start … end − 1], heads / keyHeads query heads sharing a key
// head; the scale 1/√(head width) is already in q. Rows whose ranges start alike lie on one path: its keys are gathered into panels (at
// `panels`) and its values into rows (at `gathered`), once for all their query heads. Sums run over a path from its first row on, so the bits
// do not depend on what a path is shared with. Addresses are bytes, widths and strides elements.
// Twin: src/compute/reference/causal-attention.ts.
import { attendRows, noKeys, QUERY_ROWS, turnKeys } from './shared/attend';

export function causalAttention(
  rows: i32,
  query: usize,
  keys: usize,
  values: usize,
  paths: usize,
  ranges: usize,
  output: usize,
  panels: usize,
  gathered: usize,
  scores: usize,
  heads: i32,
  keyHeads: i32,
  headWidth: i32,
  queryStride: i32,
  keyStride: i32,
  outputStride: i32,
): void {
  const keyBytes = (<usize>keyStride) << 2;
  const queryBytes = (<usize>queryStride) << 2;
  const outputBytes = (<usize>outputStride) << 2;
  const headBytes = (<usize>headWidth) << 2;
  const group = heads / keyHeads;
  for (let r = 0; r < rows; ) {
    const start = load<u32>(ranges + ((<usize>r) << 3));
    let next = r + 1;
    while (next < rows && load<u32>(ranges + ((<usize>next) << 3)) === start) next++;
    const length = longest(ranges + ((<usize>r) << 3), next - r);
    const path = paths + ((<usize>start) << 2);
    if (length === 0) noKeys(next - r, output + <usize>r * outputBytes, outputBytes, heads * headWidth);
    else
      for (let g = 0; g < keyHeads; g++) {
        gatherKeys(keys + <usize>g * headBytes, keyBytes, path, length, headWidth, panels);
        gatherValues(values + <usize>g * headBytes, keyBytes, path, length, headBytes, gathered);
        for (let q = r; q < next; q += QUERY_ROWS) {
          const count = min(QUERY_ROWS, next - q);
          // No row of this handful looks further.
          const seen = longest(ranges + ((<usize>q) << 3), count);
          for (let h = g * group; h < (g + 1) * group; h++)
            attendRows(
              count,
              query + <usize>q * queryBytes + <usize>h * headBytes,
              queryBytes,
              panels,
              gathered,
              headBytes,
              seen,
              ranges + ((<usize>q) << 3),
              8,
              output + <usize>q * outputBytes + <usize>h * headBytes,
              outputBytes,
              scores,
              headWidth,
            );
        }
      }
    r = next;
  }
}

/** Keys of the longest of some ranges. */
function longest(ranges: usize, count: i32): i32 {
  let most: i32 = 0;
  for (let r = 0; r < count; r++) {
    const range = ranges + ((<usize>r) << 3);
    most = max(most, <i32>(load<u32>(range, 4) - load<u32>(range)));
  }
  return most;
}

/** Keys of a path as panels of eight, (width, 8) each and an even number of them; keys past the end repeat the last one. */
function gatherKeys(keys: usize, stride: usize, path: usize, length: i32, width: i32, panels: usize): void {
  const padded = (length + 15) & ~15;
  for (let key = 0; key < padded; key += 4)
    turnKeys(
      rowOf(keys, stride, path, key, length),
      rowOf(keys, stride, path, key + 1, length),
      rowOf(keys, stride, path, key + 2, length),
      rowOf(keys, stride, path, key + 3, length),
      width,
      panels + <usize>((key >> 3) * width) * 32 + ((<usize>(key & 4)) << 2),
    );
}

function rowOf(keys: usize, stride: usize, path: usize, key: i32, length: i32): usize {
  return keys + <usize>load<u32>(path + ((<usize>min(key, length - 1)) << 2)) * stride;
}

/** Values of a path end to end. */
function gatherValues(values: usize, stride: usize, path: usize, length: i32, bytes: usize, to: usize): void {
  for (let key = 0; key < length; key++) memory.copy(to + <usize>key * bytes, rowOf(values, stride, path, key, length), bytes);
}
