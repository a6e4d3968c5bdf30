// What kernels of attention over packed sequences share: for query row r and head h, softmax(SCALE · q · kᵀ) v over the key rows
// ranges[r] = [start, end). HEADS / KEY_HEADS query heads have a key head in common.
struct Params {
  query_stride: u32,
  key_stride: u32,
  key_column: u32,
  value_column: u32,
  output_stride: u32,
}

#import shared/step.wgsl
#import shared/half.wgsl

@group(0) @binding(2) var<storage, read> query: array<Query>;
@group(0) @binding(3) var<storage, read> key_value: array<KeyValue>;
@group(0) @binding(4) var<storage, read> ranges: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read_write> output: array<Output>;

override HEADS: u32;
override KEY_HEADS: u32;
override HEAD_WIDTH: u32;
override SCALE: f32;

// Value columns of a slab, in fours.
const SLAB = 16u;
// Below every score of finite numbers that could matter; infinities are not to be relied upon in WGSL.
const LOWEST = -1e30;

fn value(v: u32) -> vec4<f32> {
  return vec4<f32>(key_value[v]);
}

fn summed(s0: vec4<f32>, s1: vec4<f32>, s2: vec4<f32>, s3: vec4<f32>) -> vec4<f32> {
  return vec4(dot(s0, vec4(1.0)), dot(s1, vec4(1.0)), dot(s2, vec4(1.0)), dot(s3, vec4(1.0)));
}
