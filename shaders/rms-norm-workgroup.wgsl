// As rms-norm.wgsl, for GPUs: a workgroup owns a row, so that neighbours read neighbouring numbers.
// Twin: src/compute/reference/rms-norm-workgroup.ts.
#import shared/rms-norm.wgsl
#import shared/lanes.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * (STRIDE / 4u);
  store_scaled(at, lane, LANES, total(squares_of(at, lane, LANES), lane) / f32(WIDTH));
}
