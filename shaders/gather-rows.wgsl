// Row r of the output is row index[r] of the input, its first `columns` columns. An invocation owns four columns of a row.
// Twin: src/compute/reference/gather-rows.ts.
struct Params {
  columns: u32,
  input_stride: u32,
  output_stride: u32,
}

#import shared/step.wgsl
#import shared/half.wgsl

@group(0) @binding(2) var<storage, read> input: array<Input>;
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x * 4u >= params.columns || id.y >= run.rows {
    return;
  }
  let four = vec4<f32>(input[((index[id.y] * params.input_stride) >> 2u) + id.x]);
  output[((id.y * params.output_stride) >> 2u) + id.x] = Output(fitting(four, id.x));
}
