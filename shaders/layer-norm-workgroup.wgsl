// (x − mean) / √(variance + ε) · gamma + beta over the first WIDTH of STRIDE columns of each row; the padding becomes 0. For GPUs: a
// workgroup owns a row, so that neighbours read neighbouring numbers. Twin: src/compute/reference/layer-norm-workgroup.ts.
#import shared/layer-norm.wgsl
#import shared/lanes.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * (STRIDE / 4u);
  let mean = total(sum_of(at, lane, LANES), lane) / f32(WIDTH);
  let variance = total(squares_of(at, lane, LANES, mean), lane) / f32(WIDTH);
  store_normal(at, lane, LANES, mean, variance);
}
