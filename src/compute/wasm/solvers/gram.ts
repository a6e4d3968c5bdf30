// out[i][j] = rows − 2 · bits in which columns i and j differ, for bit-packed columns of `width` 64-bit words. Addresses are bytes.
// Twin: src/spectrum/gram.ts.

export function gram(columns: usize, size: i32, width: i32, rows: i32, out: usize): void {
  const bytes = (<usize>width) << 3;
  const line = (<usize>size) << 3;
  for (let i = 0; i < size; i++) {
    const own = columns + <usize>i * bytes;
    const row = out + <usize>i * line;
    const column = out + ((<usize>i) << 3);
    let j = 0;
    for (; j + 3 <= i; j += 4) {
      const other = columns + <usize>j * bytes;
      let a: i64 = 0;
      let b: i64 = 0;
      let c: i64 = 0;
      let d: i64 = 0;
      for (let w: usize = 0; w < bytes; w += 8) {
        const v = load<i64>(own + w);
        a += popcnt<i64>(v ^ load<i64>(other + w));
        b += popcnt<i64>(v ^ load<i64>(other + bytes + w));
        c += popcnt<i64>(v ^ load<i64>(other + 2 * bytes + w));
        d += popcnt<i64>(v ^ load<i64>(other + 3 * bytes + w));
      }
      put(row, column, line, j, <f64>(rows - 2 * <i32>a));
      put(row, column, line, j + 1, <f64>(rows - 2 * <i32>b));
      put(row, column, line, j + 2, <f64>(rows - 2 * <i32>c));
      put(row, column, line, j + 3, <f64>(rows - 2 * <i32>d));
    }
    for (; j <= i; j++) {
      const other = columns + <usize>j * bytes;
      let a: i64 = 0;
      for (let w: usize = 0; w < bytes; w += 8) a += popcnt<i64>(load<i64>(own + w) ^ load<i64>(other + w));
      put(row, column, line, j, <f64>(rows - 2 * <i32>a));
    }
  }
}

function put(row: usize, column: usize, line: usize, j: i32, value: f64): void {
  store<f64>(row + ((<usize>j) << 3), value);
  store<f64>(column + <usize>j * line, value);
}
