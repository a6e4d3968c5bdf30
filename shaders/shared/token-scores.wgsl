// What is left of a row's logits over the vocabulary, taken a stretch of `columns` tokens at a time so that they never lie in memory at once.
// A row of the output holds eight numbers: the highest logit so far, the sum of e^(logit − highest), the logits of the row's two targets,
// the token of the highest logit (the first of equal ones), and three zeros. The stretch from token 0 on starts anew.
struct Params {
  columns: u32,
  logit_stride: u32,
  first_token: u32,
}

#import shared/step.wgsl

@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> targets: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;

// Below every logit that could matter; infinities are not to be relied upon in WGSL.
const LOWEST = -1e30;

// A row's numbers before this stretch, and its best token.
struct Scores {
  state: vec4<f32>,
  best: f32,
}

fn scores_of(row: u32) -> Scores {
  if params.first_token == 0u {
    return Scores(vec4(LOWEST, 0.0, 0.0, 0.0), 0.0);
  }
  return Scores(output[2u * row], output[2u * row + 1u].x);
}

fn store_scores(row: u32, before: vec4<f32>, highest: f32, best: f32, sum: f32) {
  let at = row * params.logit_stride;
  var state = vec4(highest, before.y * exp(before.x - highest) + sum, before.zw);
  let wanted = targets[row] - params.first_token;
  if wanted.x < params.columns {
    state.z = logits[at + wanted.x];
  }
  if wanted.y < params.columns {
    state.w = logits[at + wanted.y];
  }
  output[2u * row] = state;
  output[2u * row + 1u] = vec4(best, 0.0, 0.0, 0.0);
}
