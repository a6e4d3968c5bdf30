// What all layer norms share: bindings, constants, and a row's numbers from its mean and variance. Two passes over a row, as the variance
// of large numbers is lost in one; a variance beyond float32 would become a scale of 0 and a plausible row, so it is written out instead,
// for `finish` to find.
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

// Squared distances from the mean of every `step`-th vector of a row from `first` on.
fn squares_of(at: u32, first: u32, step: u32, mean: f32) -> f32 {
  var squares = vec4<f32>();
  for (var c = first; c < STRIDE / 4u; c += step) {
    let d = (input[at + c] - mean) * real(c);
    squares += d * d;
  }
  return dot(squares, vec4(1.0));
}

fn sum_of(at: u32, first: u32, step: u32) -> f32 {
  var total = vec4<f32>();
  for (var c = first; c < STRIDE / 4u; c += step) {
    total += input[at + c];
  }
  return dot(total, vec4(1.0));
}

fn store_normal(at: u32, first: u32, step: u32, mean: f32, variance: f32) {
  let broken = (bitcast<u32>(variance) & EXPONENT) == EXPONENT;
  let scale = inverseSqrt(variance + EPSILON);
  for (var c = first; c < STRIDE / 4u; c += step) {
    let normal = (input[at + c] - mean) * scale * gamma[c] + beta[c];
    output[at + c] = select(normal, vec4(variance), broken) * real(c);
  }
}
