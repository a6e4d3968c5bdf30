// output = activation(input (rows, K) · weight (K, columns) + bias) (+ residual), for adapters with real workgroup memory.
// A workgroup of 16 × 16 invocations owns a 64 × 64 tile of the output and walks K in steps of 16; an invocation owns 4 rows by 4
// columns. Weights lie in panels of eight columns. 8.3 KiB of workgroup memory. Twin: src/compute/reference/matmul-64x64.ts.
#import shared/matmul.wgsl

const TILE = 64u;
const STEP = 16u;

// Inputs transposed, four rows in a vector: [k][row / 4]; one vector more than is used, or the four stores of an invocation would lie in
// one bank of memory. Weights [k][column / 4].
var<workgroup> rows_of: array<array<vec4<f32>, 17>, 16>;
var<workgroup> columns_of: array<array<vec4<f32>, 16>, 16>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let first_column = group.x * TILE;
  let first_row = group.y * TILE;
  let depth = K / 4u;
  // Each invocation fetches four inputs of one row and four weights of one k; past the end it fetches the last ones, unused.
  let fetch_row = min(first_row + index / 4u, run.rows - 1u) * depth;
  let fetch_k = index % 16u;
  let fetch_weight = weight_at(params.weight_column + min(first_column + (index / 16u) * 4u, params.columns - 4u));
  let slot = index / 16u;
  let lane = (index / 4u) % 4u;
  let first = (index % 4u) * 4u;

  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  for (var start = 0u; start < K; start += STEP) {
    // K is a multiple of 8, so the last step may be half full: zeros add nothing.
    let k4 = start / 4u + index % 4u;
    var a = vec4<f32>();
    if k4 < depth {
      a = vec4<f32>(input[fetch_row + k4]);
    }
    let k = start + fetch_k;
    var b = vec4<f32>();
    if k < K {
      b = weight_row(fetch_weight, k);
    }
    // The tile of the step before has been used by all.
    workgroupBarrier();
    rows_of[first][slot][lane] = a.x;
    rows_of[first + 1u][slot][lane] = a.y;
    rows_of[first + 2u][slot][lane] = a.z;
    rows_of[first + 3u][slot][lane] = a.w;
    columns_of[fetch_k][slot] = b;
    // The tile of this step is complete.
    workgroupBarrier();
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
