// What both tilings of a product share: bindings, constants and the store of eight columns of a row.
struct Params {
  columns: u32,
  weight_column: u32,
  output_stride: u32,
  output_column: u32,
}

#import shared/step.wgsl
#import shared/activation.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> residual: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> output: array<vec4<f32>>;

override K: u32;
override ACTIVATION: u32;
override RESIDUAL: u32;

fn store4(row: u32, column: u32, sum: vec4<f32>) {
  let at = (row * params.output_stride + params.output_column + column) >> 2u;
  var value = activate(ACTIVATION, sum + bias[(params.weight_column + column) >> 2u]);
  if RESIDUAL == 1u {
    value += residual[at];
  }
  output[at] = value;
}

fn store8(row: u32, column: u32, low: vec4<f32>, high: vec4<f32>) {
  if row < run.rows {
    store4(row, column, low);
    store4(row, column + 4u, high);
  }
}
