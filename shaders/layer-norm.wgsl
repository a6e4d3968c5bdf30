// (x − mean) / √(variance + ε) · gamma + beta over the first WIDTH of STRIDE columns of each row; the padding becomes 0.
// An invocation owns a row. Two passes, as the variance of large numbers is lost in one. Twin: src/compute/reference/layer-norm.ts.
// A variance beyond float32 would become a scale of 0 and a plausible row; it is written out instead, for `finish` to find.
struct Params {
  unused: u32,
}

#import shared/step.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> beta: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> output: array<vec4<f32>>;

override WIDTH: u32;
override STRIDE: u32;
override EPSILON: f32;

const EXPONENT = 0x7f800000u;

// 1 where a column is part of the row, 0 where it is padding.
fn real(c: u32) -> vec4<f32> {
  return select(vec4(0.0), vec4(1.0), vec4(4u * c, 4u * c + 1u, 4u * c + 2u, 4u * c + 3u) < vec4(WIDTH));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let quads = STRIDE / 4u;
  let at = id.x * quads;
  var total = vec4<f32>();
  for (var c = 0u; c < quads; c++) {
    total += input[at + c];
  }
  let mean = dot(total, vec4(1.0)) / f32(WIDTH);
  var squares = vec4<f32>();
  for (var c = 0u; c < quads; c++) {
    let d = (input[at + c] - mean) * real(c);
    squares += d * d;
  }
  let variance = dot(squares, vec4(1.0)) / f32(WIDTH);
  let broken = (bitcast<u32>(variance) & EXPONENT) == EXPONENT;
  let scale = inverseSqrt(variance + EPSILON);
  for (var c = 0u; c < quads; c++) {
    let normal = (input[at + c] - mean) * scale * gamma[c] + beta[c];
    output[at + c] = select(normal, vec4(variance), broken) * real(c);
  }
}
