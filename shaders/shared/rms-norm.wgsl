// What root mean square norms share: bindings, constants, and a row's numbers from the mean of its squares. Squares beyond float32 would
// become a scale of 0 and a plausible row; they are written out instead, for `finish` to find.
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

// Squares of every `step`-th vector of a row from `first` on; the padding is 0.
fn squares_of(at: u32, first: u32, step: u32) -> f32 {
  var squares = vec4<f32>();
  for (var c = first; c < STRIDE / 4u; c += step) {
    let x = input[at + c];
    squares += x * x;
  }
  return dot(squares, vec4(1.0));
}

fn store_scaled(at: u32, first: u32, step: u32, mean: f32) {
  let broken = (bitcast<u32>(mean) & EXPONENT) == EXPONENT;
  let scale = inverseSqrt(mean + EPSILON);
  for (var c = first; c < STRIDE / 4u; c += step) {
    output[at + c] = select(input[at + c] * scale * gamma[c], vec4(mean), broken);
  }
}
