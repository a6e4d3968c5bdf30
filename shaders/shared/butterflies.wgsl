// Stages of a Walsh–Hadamard transform in registers: (a, b) becomes (a + b, a − b) for numbers at distance 1 and 2 within a vector, for
// vectors at distance 1 and 2 within a matrix. Each is rounded once, so that whoever keeps the order of the stages has the same bits.
fn stage_1(v: vec4<f32>) -> vec4<f32> {
  return v.xxzz + vec4(v.y, -v.y, v.w, -v.w);
}

fn stage_2(v: vec4<f32>) -> vec4<f32> {
  return v.xyxy + vec4(v.zw, -v.zw);
}

fn columns_1(m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4(m[0] + m[1], m[0] - m[1], m[2] + m[3], m[2] - m[3]);
}

fn columns_2(m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4(m[0] + m[2], m[1] + m[3], m[0] - m[2], m[1] - m[3]);
}

fn rows_1(m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4(stage_1(m[0]), stage_1(m[1]), stage_1(m[2]), stage_1(m[3]));
}

fn rows_2(m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4(stage_2(m[0]), stage_2(m[1]), stage_2(m[2]), stage_2(m[3]));
}
