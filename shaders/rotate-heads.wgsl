// Rotates pairs (i, i + HEAD_WIDTH / 2) of each head by the angles of the row's position (Su et al. 2021, arXiv 2104.09864); models that pair
// neighbours have their weights reordered instead. rotations[p] holds the cosines of position p and behind them its sines. With NORM, each
// head goes through an RMS norm over its HEAD_SIZE real columns first, the others being 0. An invocation owns a row and a head.
// Twin: src/compute/reference/rotate-heads.ts.
struct Params {
  heads: u32,
  input_stride: u32,
  input_column: u32,
  output_stride: u32,
  output_column: u32,
  gamma_column: u32,
}

#import shared/step.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> position: array<u32>;
@group(0) @binding(4) var<storage, read> rotations: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> output: array<vec4<f32>>;

override HEAD_WIDTH: u32;
override HEAD_SIZE: u32;
override NORM: u32;
override EPSILON: f32;

const EXPONENT = 0x7f800000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let quads = HEAD_WIDTH / 4u;
  let half = quads / 2u;
  let at = ((id.x * params.input_stride + params.input_column) >> 2u) + id.y * quads;
  let to = ((id.x * params.output_stride + params.output_column) >> 2u) + id.y * quads;
  let turn = position[id.x] * quads;
  let g = (params.gamma_column >> 2u) + id.y * quads;
  var scale = 1.0;
  if NORM == 1u {
    var squares = vec4<f32>();
    for (var c = 0u; c < quads; c++) {
      let x = input[at + c];
      squares += x * x;
    }
    let mean = dot(squares, vec4(1.0)) / f32(HEAD_SIZE);
    // A mean that is not finite makes NaN of the row, for `finish` to find, and not a plausible 0.
    scale = select(inverseSqrt(mean + EPSILON), mean, (bitcast<u32>(mean) & EXPONENT) == EXPONENT);
  }
  for (var c = 0u; c < half; c++) {
    var a = input[at + c] * scale;
    var b = input[at + half + c] * scale;
    if NORM == 1u {
      a *= gamma[g + c];
      b *= gamma[g + half + c];
    }
    let cosine = rotations[turn + c];
    let sine = rotations[turn + half + c];
    output[to + c] = a * cosine - b * sine;
    output[to + half + c] = b * cosine + a * sine;
  }
}
