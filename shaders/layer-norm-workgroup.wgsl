// (x − mean) / √(variance + ε) · gamma + beta over the first WIDTH of STRIDE columns of each row; the padding becomes 0. For GPUs: a
// workgroup owns a row, so that neighbours read neighbouring numbers. Sums run over a tree that is always the same.
// Twin: src/compute/reference/layer-norm-workgroup.ts.
#import shared/layer-norm.wgsl

const LANES = 64u;
var<workgroup> partial: array<f32, LANES>;

fn total(own: f32, lane: u32) -> f32 {
  // The total before this one has been read by all.
  workgroupBarrier();
  partial[lane] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    // The sums of the level below are complete.
    workgroupBarrier();
    if lane < half {
      partial[lane] += partial[lane + half];
    }
  }
  // The top of the tree is complete.
  workgroupBarrier();
  return partial[0];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * (STRIDE / 4u);
  let mean = total(sum_of(at, lane, LANES), lane) / f32(WIDTH);
  let variance = total(squares_of(at, lane, LANES, mean), lane) / f32(WIDTH);
  store_normal(at, lane, LANES, mean, variance);
}
