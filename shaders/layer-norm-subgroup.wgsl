// (x − mean) / √(variance + ε) · gamma + beta over the first WIDTH of STRIDE columns of each row; the padding becomes 0. For GPUs with
// subgroups: as layer-norm-workgroup.wgsl, but two barriers a sum instead of eight. Twin: src/compute/reference/layer-norm-subgroup.ts.
enable subgroups;
requires subgroup_id;

#import shared/layer-norm.wgsl

const LANES = 64u;
// One for each subgroup, of which there are at most as many as lanes.
var<workgroup> partial: array<f32, LANES>;

fn total(own: f32, subgroup: u32, subgroups: u32) -> f32 {
  let sum = subgroupAdd(own);
  // The total before this one has been read by all.
  workgroupBarrier();
  // The same number from every lane.
  partial[subgroup] = sum;
  // The sums of all subgroups are there.
  workgroupBarrier();
  var all = 0.0;
  for (var s = 0u; s < subgroups; s++) {
    all += partial[s];
  }
  return all;
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(num_subgroups) subgroups: u32,
) {
  let at = group.x * (STRIDE / 4u);
  let mean = total(sum_of(at, lane, LANES), subgroup, subgroups) / f32(WIDTH);
  let variance = total(squares_of(at, lane, LANES, mean), subgroup, subgroups) / f32(WIDTH);
  store_normal(at, lane, LANES, mean, variance);
}
