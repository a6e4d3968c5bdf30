// A workgroup that owns a row: sums over its lanes run over a tree that is always the same.
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
