// (x − mean) / √(variance + ε) · gamma + beta over the first WIDTH of STRIDE columns of each row; the padding becomes 0. For software
// adapters: an invocation owns a row, and there is no barrier. Twin: src/compute/reference/layer-norm.ts.
#import shared/layer-norm.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let at = id.x * (STRIDE / 4u);
  let mean = sum_of(at, 0u, 1u) / f32(WIDTH);
  let variance = squares_of(at, 0u, 1u, mean) / f32(WIDTH);
  store_normal(at, 0u, 1u, mean, variance);
}
