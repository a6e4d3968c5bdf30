// output = activation(input (rows, K) · weight (K, columns) + bias) (+ residual), for large adapters: half as many loads a product as
// tiles of 64 × 64. A workgroup of 16 × 16 invocations owns a tile of 128 rows by 64 columns and walks K in steps of 16; an invocation
// owns 8 rows by 4 columns. Weights lie in panels of eight columns. 12.3 KiB of workgroup memory.
// Twin: src/compute/reference/matmul-128x64.ts.
#import shared/matmul.wgsl

const ROWS = 128u;
const COLUMNS = 64u;
const STEP = 16u;

// As in matmul-64x64.wgsl, with twice the rows.
var<workgroup> rows_of: array<array<vec4<f32>, 33>, 16>;
var<workgroup> columns_of: array<array<vec4<f32>, 16>, 16>;

// Four inputs of a row, from k on; K is a multiple of 8, so the last step may be half full: zeros add nothing.
fn fetch(row: u32, k4: u32) -> vec4<f32> {
  var a = vec4<f32>();
  if k4 < K / 4u {
    a = vec4<f32>(input[row + k4]);
  }
  return a;
}

fn put(k: u32, row: u32, a: vec4<f32>) {
  rows_of[k][row / 4u][row % 4u] = a.x;
  rows_of[k + 1u][row / 4u][row % 4u] = a.y;
  rows_of[k + 2u][row / 4u][row % 4u] = a.z;
  rows_of[k + 3u][row / 4u][row % 4u] = a.w;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let first_column = group.x * COLUMNS;
  let first_row = group.y * ROWS;
  // Each invocation fetches four inputs of two rows and four weights of one k; past the end it fetches the last ones, unused.
  let own_row = index / 4u;
  let own_k4 = index % 4u;
  let low_row = min(first_row + own_row, run.rows - 1u) * (K / 4u);
  let high_row = min(first_row + own_row + 64u, run.rows - 1u) * (K / 4u);
  let fetch_k = index % 16u;
  let fetch_weight = weight_at(params.weight_column + min(first_column + (index / 16u) * 4u, params.columns - 4u));

  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  for (var start = 0u; start < K; start += STEP) {
    let low = fetch(low_row, start / 4u + own_k4);
    let high = fetch(high_row, start / 4u + own_k4);
    let k = start + fetch_k;
    var b = vec4<f32>();
    if k < K {
      b = weight_row(fetch_weight, k);
    }
    // The tile of the step before has been used by all.
    workgroupBarrier();
    put(own_k4 * 4u, own_row, low);
    put(own_k4 * 4u, own_row + 64u, high);
    columns_of[fetch_k][index / 16u] = b;
    // The tile of this step is complete.
    workgroupBarrier();
    for (var i = 0u; i < STEP; i++) {
      let upper = rows_of[i][local.y * 2u];
      let lower = rows_of[i][local.y * 2u + 1u];
      let weights = columns_of[i][local.x];
      sum0 += upper.x * weights;
      sum1 += upper.y * weights;
      sum2 += upper.z * weights;
      sum3 += upper.w * weights;
      sum4 += lower.x * weights;
      sum5 += lower.y * weights;
      sum6 += lower.z * weights;
      sum7 += lower.w * weights;
    }
  }
  let row = first_row + local.y * 8u;
  let column = first_column + local.x * 4u;
  store_row(row, column, sum0);
  store_row(row + 1u, column, sum1);
  store_row(row + 2u, column, sum2);
  store_row(row + 3u, column, sum3);
  store_row(row + 4u, column, sum4);
  store_row(row + 5u, column, sum5);
  store_row(row + 6u, column, sum6);
  store_row(row + 7u, column, sum7);
}
