// What is left of a row's logits over the vocabulary, taken a stretch of `columns` tokens at a time so that they never lie in memory at once.
// A row of the output holds eight numbers: the highest logit so far, the sum of e^(logit − highest), the logits of the row's two targets,
// the token of the highest logit (the first of equal ones), and three zeros. The stretch from token 0 on starts anew. An invocation owns
// a row. Twin: src/compute/reference/token-scores.ts.
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let at = id.x * params.logit_stride;
  var state = vec4(LOWEST, 0.0, 0.0, 0.0);
  var best = 0.0;
  if params.first_token > 0u {
    state = output[2u * id.x];
    best = output[2u * id.x + 1u].x;
  }
  let before = state.x;
  for (var c = 0u; c < params.columns; c++) {
    let logit = logits[at + c];
    if logit > state.x {
      state.x = logit;
      best = f32(params.first_token + c);
    }
  }
  // Four sums side by side lose fewer digits over a long vocabulary than one.
  var sums = vec4<f32>();
  for (var c = 0u; c + 4u <= params.columns; c += 4u) {
    sums += exp(vec4(logits[at + c], logits[at + c + 1u], logits[at + c + 2u], logits[at + c + 3u]) - state.x);
  }
  var total = state.y * exp(before - state.x) + dot(sums, vec4(1.0));
  for (var c = params.columns & ~3u; c < params.columns; c++) {
    total += exp(logits[at + c] - state.x);
  }
  state.y = total;
  let wanted = targets[id.x] - params.first_token;
  if wanted.x < params.columns {
    state.z = logits[at + wanted.x];
  }
  if wanted.y < params.columns {
    state.w = logits[at + wanted.y];
  }
  output[2u * id.x] = state;
  output[2u * id.x + 1u] = vec4(best, 0.0, 0.0, 0.0);
}
