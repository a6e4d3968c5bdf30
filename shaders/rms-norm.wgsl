// x / √(mean of x² + ε) · gamma over the first WIDTH of STRIDE columns of each row (Zhang and Sennrich 2019, arXiv 1910.07467); the padding,
// which is 0, stays 0. An invocation owns a row. Twin: src/compute/reference/rms-norm.ts.
#import shared/rms-norm.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= run.rows {
    return;
  }
  let at = id.x * (STRIDE / 4u);
  store_scaled(at, 0u, 1u, squares_of(at, 0u, 1u) / f32(WIDTH));
}
