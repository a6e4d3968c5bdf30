// What all tilings of a product share: bindings, constants and how sums are stored. The host adds how weights lie in memory: weight_at,
// weight_row and weight_block of shared/weight-*.wgsl.
struct Params {
  columns: u32,
  weight_column: u32,
  output_stride: u32,
  output_column: u32,
}

#import shared/step.wgsl
#import shared/activation.wgsl
#import shared/half.wgsl

@group(0) @binding(2) var<storage, read> input: array<Input>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;
@group(0) @binding(4) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> residual: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> output: array<Output>;

override K: u32;
override ACTIVATION: u32;
override RESIDUAL: u32;

fn store4(row: u32, column: u32, sum: vec4<f32>) {
  let at = (row * params.output_stride + params.output_column + column) >> 2u;
  var value = activate(ACTIVATION, sum + bias[(params.weight_column + column) >> 2u]);
  if RESIDUAL == 1u {
    value += residual[at];
  }
  output[at] = Output(fitting(value, row));
}

// Four columns, where the tile has not run over the end.
fn store_row(row: u32, column: u32, sum: vec4<f32>) {
  if row < run.rows && column < params.columns {
    store4(row, column, sum);
  }
}

fn store8(row: u32, column: u32, low: vec4<f32>, high: vec4<f32>) {
  if row < run.rows {
    store4(row, column, low);
    store4(row, column + 4u, high);
  }
}
