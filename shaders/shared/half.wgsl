// Buffers may lie in half precision: their elements are vectors of a type that the host gives a name (src/compute/webgpu/storage.ts), and
// are computed with in f32. What half precision does not hold becomes NaN on the way out, for `finish` to find: a conversion may make the
// largest number of it, or an infinity that a later kernel absorbs. `bits` are anything known at run time only.
const LARGEST_HALF = 65504.0;

fn fitting(x: vec4<f32>, bits: u32) -> vec4<f32> {
  if !HALF_OUTPUT {
    return x;
  }
  return select(x, vec4(bitcast<f32>(0x7fc00000u | bits)), abs(x) > vec4(LARGEST_HALF));
}
