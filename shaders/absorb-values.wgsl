// Values of means in place of means of values: output row r, head h = head h's mean row of input row r, (K), times head h's columns of a
// weight (K, columns), + bias, as weights that sum to 1 leave a bias as it is. An invocation owns four rows and four columns.
// Twin: src/compute/reference/absorb-values.ts.
struct Params {
  columns: u32,
  weight_column: u32,
}

#import shared/step.wgsl
#import shared/half.wgsl

@group(0) @binding(2) var<storage, read> input: array<Input>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;
@group(0) @binding(4) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> output: array<Output>;

override K: u32;
override HEAD_WIDTH: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x * 4u;
  let row = id.y * 4u;
  if column >= params.columns || row >= run.rows {
    return;
  }
  // Rows past the end read the last one and are not stored.
  let last = run.rows - 1u;
  let quads = K / 4u;
  let stride = params.columns / HEAD_WIDTH * quads;
  let at = vec4(row, min(row + 1u, last), min(row + 2u, last), min(row + 3u, last)) * stride + column / HEAD_WIDTH * quads;
  let w = weight_at(params.weight_column + column);
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var k = 0u; k < quads; k++) {
    let block = weight_block(w, k);
    s0 += block * vec4<f32>(input[at.x + k]);
    s1 += block * vec4<f32>(input[at.y + k]);
    s2 += block * vec4<f32>(input[at.z + k]);
    s3 += block * vec4<f32>(input[at.w + k]);
  }
  let added = bias[(params.weight_column + column) / 4u];
  store(row, id.x, s0 + added);
  store(row + 1u, id.x, s1 + added);
  store(row + 2u, id.x, s2 + added);
  store(row + 3u, id.x, s3 + added);
}

fn store(row: u32, at: u32, value: vec4<f32>) {
  if row < run.rows {
    output[row * (params.columns / 4u) + at] = Output(fitting(value, row));
  }
}
