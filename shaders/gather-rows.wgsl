// `columns` columns of row r of the output, from output_column on, are those of row index[r] of the input from input_column on. A column may
// lie rows further on, as nothing but sums is made of them. An invocation owns four columns of a row.
// Twin: src/compute/reference/gather-rows.ts.
struct Params {
  columns: u32,
  input_stride: u32,
  output_stride: u32,
  input_column: u32,
  output_column: u32,
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
  let four = vec4<f32>(input[((index[id.y] * params.input_stride + params.input_column) >> 2u) + id.x]);
  output[((id.y * params.output_stride + params.output_column) >> 2u) + id.x] = Output(fitting(four, id.x));
}
