// output = activation(input (rows, K) · weight (K, columns) + bias) (+ residual), for adapters with real workgroup memory.
// A workgroup of 16 × 16 invocations owns a 64 × 64 tile of the output and walks K in steps of 16; an invocation owns 4 rows by 4
// columns. Weights lie in panels of eight columns. The next step's numbers are fetched while this one's are multiplied. 8.5 KiB of
// workgroup memory. Twin: src/compute/reference/matmul-64x64.ts.
#import shared/matmul.wgsl

const TILE = 64u;
const STEP = 16u;

// Inputs transposed, four rows in a vector: [k][row / 4]; weights [k][column / 4]. One vector more than is used, or stores of a subgroup
// would lie in one bank of memory.
var<workgroup> rows_of: array<array<vec4<f32>, 17>, 16>;
var<workgroup> columns_of: array<array<vec4<f32>, 17>, 16>;

// Four inputs of a row, from k on, and four weights of a k; K is a multiple of 8, so the last step may be half full: zeros add nothing.
fn fetch(row: u32, k4: u32) -> vec4<f32> {
  var a = vec4<f32>();
  if k4 < K / 4u {
    a = vec4<f32>(input[row + k4]);
  }
  return a;
}

fn fetch_weights(at: u32, k: u32) -> vec4<f32> {
  var b = vec4<f32>();
  if k < K {
    b = weight_row(at, k);
  }
  return b;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let first_column = group.x * TILE;
  let first_row = group.y * TILE;
  // Each invocation fetches four inputs of one row and four weights of one k; past the end it fetches the last ones, unused. Two take one
  // k of a panel, so that a subgroup's fetches lie side by side.
  let fetch_row = min(first_row + index / 4u, run.rows - 1u) * (K / 4u);
  let fetch_k = (index / 2u) % STEP;
  let quad = (index / 32u) * 2u + index % 2u;
  let fetch_weight = weight_at(params.weight_column + min(first_column + quad * 4u, params.columns - 4u));
  let slot = index / 16u;
  let lane = (index / 4u) % 4u;
  let first = (index % 4u) * 4u;

  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var a = fetch(fetch_row, index % 4u);
  var b = fetch_weights(fetch_weight, fetch_k);
  for (var start = 0u; start < K; start += STEP) {
    // The tile of the step before has been used by all.
    workgroupBarrier();
    rows_of[first][slot][lane] = a.x;
    rows_of[first + 1u][slot][lane] = a.y;
    rows_of[first + 2u][slot][lane] = a.z;
    rows_of[first + 3u][slot][lane] = a.w;
    columns_of[fetch_k][quad] = b;
    // The tile of this step is complete.
    workgroupBarrier();
    let next = start + STEP;
    if next < K {
      a = fetch(fetch_row, next / 4u + index % 4u);
      b = fetch_weights(fetch_weight, next + fetch_k);
    }
    for (var i = 0u; i < STEP; i++) {
      let four = rows_of[i][local.y];
      let weights = columns_of[i][local.x];
      sum0 += four.x * weights;
      sum1 += four.y * weights;
      sum2 += four.z * weights;
      sum3 += four.w * weights;
    }
  }
  let row = first_row + local.y * 4u;
  let column = first_column + local.x * 4u;
  store_row(row, column, sum0);
  store_row(row + 1u, column, sum1);
  store_row(row + 2u, column, sum2);
  store_row(row + 3u, column, sum3);
}
