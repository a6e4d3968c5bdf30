// Weights of eight bits (src/compute/packed.ts): blocks of 32 terms in 22 vectors, two of scales for the first sixteen terms, two for the
// others, two of offsets, and sixteen of two terms each, a signed byte a column. A place is twice that of a panel, and one more for its last
// four columns.
fn weight_at(column: u32) -> u32 {
  return (column / 8u) * (K / 32u) * 44u + ((column / 4u) & 1u);
}

fn weight_row(at: u32, k: u32) -> vec4<f32> {
  let block = (at >> 1u) + (k / 32u) * 22u;
  let half = at & 1u;
  let term = k % 32u;
  return four_columns(weight[block + 6u + term / 2u][(term % 2u) * 2u + half], block, term / 16u, half);
}

fn weight_block(at: u32, k4: u32) -> mat4x4<f32> {
  let block = (at >> 1u) + (k4 / 8u) * 22u;
  let half = at & 1u;
  let group = (k4 % 8u) / 4u;
  let terms = block + 6u + (k4 % 8u) * 2u;
  let first = select(weight[terms].xz, weight[terms].yw, half == 1u);
  let second = select(weight[terms + 1u].xz, weight[terms + 1u].yw, half == 1u);
  return mat4x4(
    four_columns(first.x, block, group, half),
    four_columns(first.y, block, group, half),
    four_columns(second.x, block, group, half),
    four_columns(second.y, block, group, half),
  );
}

fn four_columns(term: u32, block: u32, group: u32, half: u32) -> vec4<f32> {
  let levels = bitcast<vec4<i32>>(vec4(term) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
  return vec4<f32>(levels) * bitcast<vec4<f32>>(weight[block + group * 2u + half]) + bitcast<vec4<f32>>(weight[block + 4u + half]);
}
