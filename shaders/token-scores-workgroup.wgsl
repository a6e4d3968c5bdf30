// As token-scores.wgsl, for GPUs: a workgroup owns a row, so that neighbours read neighbouring logits.
// Twin: src/compute/reference/token-scores-workgroup.ts.
#import shared/token-scores.wgsl
#import shared/lanes.wgsl

var<workgroup> tops: array<vec2<f32>, LANES>;

// The higher logit, of equal ones that of the first token.
fn higher(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let at = row * params.logit_stride;
  let before = scores_of(row);
  var top = vec2(before.state.x, before.best);
  for (var c = lane; c < params.columns; c += LANES) {
    let logit = logits[at + c];
    if logit > top.x {
      top = vec2(logit, f32(params.first_token + c));
    }
  }
  tops[lane] = top;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    // The level below is complete.
    workgroupBarrier();
    if lane < half {
      tops[lane] = higher(tops[lane], tops[lane + half]);
    }
  }
  // The top of the tree is complete.
  workgroupBarrier();
  top = tops[0];
  var own = 0.0;
  for (var c = lane; c < params.columns; c += LANES) {
    own += exp(logits[at + c] - top.x);
  }
  let sum = total(own, lane);
  if lane == 0u {
    store_scores(row, before.state, top.x, top.y, sum);
  }
}
