// Keys absorbed into queries: output row r, head h = the rows of head h's columns of a weight (K, columns), times the head of query row r. Its
// product with a row x is that of the query with the key x · weight, so that keys of rows which few queries look at need not be computed.
// An invocation owns four query rows and four numbers of a head. Twin: src/compute/reference/absorb-keys.ts.
struct Params {
  columns: u32,
  weight_column: u32,
}

#import shared/step.wgsl
#import shared/half.wgsl

@group(0) @binding(2) var<storage, read> input: array<Input>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;
@group(0) @binding(4) var<storage, read_write> output: array<Output>;

override K: u32;
override HEAD_WIDTH: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let quads = K / 4u;
  let head = id.x / quads;
  let k = id.x % quads;
  let row = id.y * 4u;
  if head * HEAD_WIDTH >= params.columns || row >= run.rows {
    return;
  }
  // Rows past the end read the last one and are not stored.
  let last = run.rows - 1u;
  let stride = params.columns / 4u;
  let first = head * HEAD_WIDTH / 4u;
  let at = vec4(row, min(row + 1u, last), min(row + 2u, last), min(row + 3u, last)) * stride + first;
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var d = 0u; d < HEAD_WIDTH / 4u; d++) {
    let block = weight_block(weight_at(params.weight_column + head * HEAD_WIDTH + d * 4u), k);
    s0 += vec4<f32>(input[at.x + d]) * block;
    s1 += vec4<f32>(input[at.y + d]) * block;
    s2 += vec4<f32>(input[at.z + d]) * block;
    s3 += vec4<f32>(input[at.w + d]) * block;
  }
  let heads = params.columns / HEAD_WIDTH;
  store(row, heads * quads, id.x, s0);
  store(row + 1u, heads * quads, id.x, s1);
  store(row + 2u, heads * quads, id.x, s2);
  store(row + 3u, heads * quads, id.x, s3);
}

fn store(row: u32, stride: u32, at: u32, sum: vec4<f32>) {
  if row < run.rows {
    output[row * stride + at] = Output(fitting(sum, row));
  }
}
