// Weights of four bits (src/compute/packed.ts): blocks of 32 terms in twelve vectors, two of scales, two of offsets, and eight of four terms
// each, of which byte i has column i in its lower and column i + 4 in its upper half. A place is twice that of a panel, and one more for its
// last four columns.
fn weight_at(column: u32) -> u32 {
  return (column / 8u) * (K / 32u) * 24u + ((column / 4u) & 1u);
}

fn weight_row(at: u32, k: u32) -> vec4<f32> {
  let block = (at >> 1u) + (k / 32u) * 12u;
  return four_columns(weight[block + 4u + (k / 4u) % 8u][k % 4u], block, at & 1u);
}

fn weight_block(at: u32, k4: u32) -> mat4x4<f32> {
  let block = (at >> 1u) + (k4 / 8u) * 12u;
  let half = at & 1u;
  let terms = weight[block + 4u + k4 % 8u];
  return mat4x4(four_columns(terms.x, block, half), four_columns(terms.y, block, half), four_columns(terms.z, block, half), four_columns(terms.w, block, half));
}

fn four_columns(term: u32, block: u32, half: u32) -> vec4<f32> {
  let levels = (vec4(term) >> (vec4(0u, 8u, 16u, 24u) + 4u * half)) & vec4(15u);
  return vec4<f32>(levels) * bitcast<vec4<f32>>(weight[block + half]) + bitcast<vec4<f32>>(weight[block + 2u + half]);
}
