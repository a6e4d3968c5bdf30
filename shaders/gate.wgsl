// input · g + mean · (1 − g) (+ residual, laid out as the output), g the gate of the row's sequence for the column's group of groupWidth
// columns. An invocation owns four columns of a row. Twin: src/compute/reference/gate.ts.
// An input that is not finite is written out as it is: a gate of 0 must not hide it, and WGSL may take 0 · x for 0.
struct Params {
  columns: u32,
  input_stride: u32,
  output_stride: u32,
  output_column: u32,
  gate_stride: u32,
  gate_column: u32,
  group_width: u32,
  mean_column: u32,
}

#import shared/step.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> gates: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> sequence: array<u32>;
@group(0) @binding(6) var<storage, read> residual: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> output: array<vec4<f32>>;

override RESIDUAL: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x * 4u;
  if column >= params.columns || id.y >= run.rows {
    return;
  }
  let g = gates[sequence[id.y] * params.gate_stride + params.gate_column + column / params.group_width];
  let x = input[((id.y * params.input_stride) >> 2u) + id.x];
  let at = ((id.y * params.output_stride + params.output_column) >> 2u) + id.x;
  var value = x * g + mean[(params.mean_column >> 2u) + id.x] * (1.0 - g);
  if RESIDUAL == 1u {
    value += residual[at];
  }
  let exponent = vec4(0x7f800000u);
  output[at] = select(value, x, (bitcast<vec4<u32>>(x) & exponent) == exponent);
}
