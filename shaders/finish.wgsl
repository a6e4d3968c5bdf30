// Copies LABELS logits of each row and writes behind them the number of this run and how many of the row's hidden numbers and logits are
// not finite: the host takes no row without this run's number. Bits are tested, as WGSL may assume that NaN does not exist, and the
// hidden row is looked at too, as a clamp on the way to the logits may swallow a NaN. An invocation owns a row.
// Twin: src/compute/reference/finish.ts.
struct Params {
  hidden_stride: u32,
  logit_stride: u32,
}

#import shared/step.wgsl

@group(0) @binding(2) var<storage, read> hidden: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

override WIDTH: u32;
override LABELS: u32;

const EXPONENT = 0x7f800000u;

fn not_finite(bits: u32) -> u32 {
  return select(0u, 1u, (bits & EXPONENT) == EXPONENT);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let at = id.x * (LABELS + 2u);
  var wrong = 0u;
  for (var c = 0u; c < WIDTH; c++) {
    wrong += not_finite(hidden[id.x * params.hidden_stride + c]);
  }
  for (var c = 0u; c < LABELS; c++) {
    let logit = logits[id.x * params.logit_stride + c];
    wrong += not_finite(logit);
    output[at + c] = logit;
  }
  output[at + LABELS] = run.serial;
  output[at + LABELS + 1u] = wrong;
}
