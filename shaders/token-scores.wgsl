// Logits of a stretch of the vocabulary, taken into a row's scores (shared/token-scores.wgsl). An invocation owns a row.
// Twin: src/compute/reference/token-scores.ts.
#import shared/token-scores.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let at = id.x * params.logit_stride;
  let before = scores_of(id.x);
  var highest = before.state.x;
  var best = before.best;
  for (var c = 0u; c < params.columns; c++) {
    let logit = logits[at + c];
    if logit > highest {
      highest = logit;
      best = f32(params.first_token + c);
    }
  }
  // Four sums side by side lose fewer digits over a long vocabulary than one.
  var sums = vec4<f32>();
  for (var c = 0u; c + 4u <= params.columns; c += 4u) {
    sums += exp(vec4(logits[at + c], logits[at + c + 1u], logits[at + c + 2u], logits[at + c + 3u]) - highest);
  }
  var sum = dot(sums, vec4(1.0));
  for (var c = params.columns & ~3u; c < params.columns; c++) {
    sum += exp(logits[at + c] - highest);
  }
  store_scores(id.x, before.state, highest, best, sum);
}
