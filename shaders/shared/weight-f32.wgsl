// Weights as floats, of the type that the host names: panels of eight columns (src/compute/panels.ts), two vectors to a term.
// A place is that of four columns of a panel; the other four lie at the place behind it.
fn weight_at(column: u32) -> u32 {
  return (column / 8u) * K * 2u + ((column / 4u) & 1u);
}

fn weight_row(at: u32, k: u32) -> vec4<f32> {
  return vec4<f32>(weight[at + k * 2u]);
}

// Terms 4 · k4 to 4 · k4 + 3.
fn weight_block(at: u32, k4: u32) -> mat4x4<f32> {
  let w = at + k4 * 8u;
  return mat4x4(vec4<f32>(weight[w]), vec4<f32>(weight[w + 2u]), vec4<f32>(weight[w + 4u]), vec4<f32>(weight[w + 6u]));
}
