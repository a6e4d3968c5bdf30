// x / √(mean of x² + ε) · gamma over the first WIDTH of STRIDE columns of each row (Zhang and Sennrich 2019, arXiv 1910.07467); the padding,
// which is 0, stays 0. An invocation owns a row. Squares beyond float32 would become a scale of 0 and a plausible row; they are written
// out instead, for `finish` to find. Twin: src/compute/reference/rms-norm.ts.
struct Params {
  unused: u32,
}

#import shared/step.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;

override WIDTH: u32;
override STRIDE: u32;
override EPSILON: f32;

const EXPONENT = 0x7f800000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let quads = STRIDE / 4u;
  let at = id.x * quads;
  var squares = vec4<f32>();
  for (var c = 0u; c < quads; c++) {
    let x = input[at + c];
    squares += x * x;
  }
  let mean = dot(squares, vec4(1.0)) / f32(WIDTH);
  let broken = (bitcast<u32>(mean) & EXPONENT) == EXPONENT;
  let scale = inverseSqrt(mean + EPSILON);
  for (var c = 0u; c < quads; c++) {
    output[at + c] = select(input[at + c] * scale * gamma[c], vec4(mean), broken);
  }
}
