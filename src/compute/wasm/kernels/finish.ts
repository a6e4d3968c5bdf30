// Copies `labels` logits of each row and writes behind them the number of this run, which lies at `serial`, and how many of the row's
// hidden numbers and logits are not finite: the caller takes no row without this run's number. Bits are tested, and the hidden row too, as
// a clamp on the way to the logits may swallow a NaN. Addresses are bytes, widths and strides elements.
// Twin: src/compute/reference/finish.ts.
const EXPONENT: u32 = 0x7f800000;

export function finish(
  rows: i32,
  serial: usize,
  hidden: usize,
  logits: usize,
  output: usize,
  width: i32,
  labels: i32,
  hiddenStride: i32,
  logitStride: i32,
): void {
  const stamp = load<u32>(serial);
  for (let r = 0; r < rows; r++) {
    let wrong: u32 = 0;
    for (let c = 0; c < width; c++) wrong += notFinite(load<u32>(hidden + ((<usize>c) << 2)));
    for (let c = 0; c < labels; c++) {
      const logit = load<u32>(logits + ((<usize>c) << 2));
      wrong += notFinite(logit);
      store<u32>(output, logit);
      output += 4;
    }
    store<u32>(output, stamp);
    store<u32>(output, wrong, 4);
    output += 8;
    hidden += (<usize>hiddenStride) << 2;
    logits += (<usize>logitStride) << 2;
  }
}

function notFinite(bits: u32): u32 {
  return u32((bits & EXPONENT) === EXPONENT);
}
