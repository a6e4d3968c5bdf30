// output = activation(gate) · up, where gate is the first and up the second `columns` columns of an input row (Shazeer 2020,
// arXiv 2002.05202). An invocation owns four columns of a row. Twin: src/compute/reference/gated-unit.ts.
struct Params {
  columns: u32,
  input_stride: u32,
  output_stride: u32,
}

#import shared/step.wgsl
#import shared/activation.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;

override ACTIVATION: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x * 4u >= params.columns || id.y >= run.rows {
    return;
  }
  let at = ((id.y * params.input_stride) >> 2u) + id.x;
  output[((id.y * params.output_stride) >> 2u) + id.x] = activate(ACTIVATION, input[at]) * input[at + (params.columns >> 2u)];
}
