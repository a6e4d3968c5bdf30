// Weights in sixteen bits (src/compute/packed.ts): a term's eight columns in one vector. A place is twice that of a panel, and one more for
// its last four columns.
fn weight_at(column: u32) -> u32 {
  return (column / 8u) * K * 2u + ((column / 4u) & 1u);
}

fn weight_row(at: u32, k: u32) -> vec4<f32> {
  let eight = weight[(at >> 1u) + k];
  let four = select(eight.xy, eight.zw, (at & 1u) == 1u);
  return widened(vec4(four.x & 0xffffu, four.x >> 16u, four.y & 0xffffu, four.y >> 16u));
}

fn weight_block(at: u32, k4: u32) -> mat4x4<f32> {
  let k = k4 * 4u;
  return mat4x4(weight_row(at, k), weight_row(at, k + 1u), weight_row(at, k + 2u), weight_row(at, k + 3u));
}

// By their bits, as devices may take subnormal halves for 0.
fn widened(bits: vec4<u32>) -> vec4<f32> {
  let sign = (bits & vec4(0x8000u)) << vec4(16u);
  let normal = ((bits & vec4(0x7fffu)) << vec4(13u)) + vec4(0x38000000u);
  let small = bitcast<vec4<u32>>(vec4<f32>(bits & vec4(0x3ffu)) * 5.9604645e-8);
  return bitcast<vec4<f32>>(sign | select(normal, small, (bits & vec4(0x7c00u)) == vec4(0u)));
}
