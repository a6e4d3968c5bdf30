const GELU = 1u;
const GELU_TANH = 2u;
const RELU = 3u;
const TANH = 4u;
const SILU = 5u;

// erf to 1.7e-7: an odd polynomial below 1, 1 − exp(−polynomial) above; both fitted to the largest absolute error over [0, 4],
// beyond which erf is 1 in float32. WGSL has no erf.
fn erf(x: vec4<f32>) -> vec4<f32> {
  let z = min(abs(x), vec4(4.0));
  let u = z * z;
  let near = z * (1.1283789 + u * (-0.3761194 + u * (0.112780645 + u * (-0.02666381 + u * (0.0048707030 + u * -0.00054629258)))));
  let log_far = 0.00035371713 + z * (1.12704 + z * (0.6382257 + z * (0.10303738 + z * (-0.021805324 + z * (0.0029396086 + z * -0.00018557414)))));
  return sign(x) * select(1.0 - exp(-log_far), near, z < vec4(1.0));
}

// y, but x where x is NaN or infinite: clamps and maxima would make a plausible number of it, and `finish` would find nothing. Bits are
// tested, as WGSL may assume that NaN does not exist.
fn unless_broken(x: vec4<f32>, y: vec4<f32>) -> vec4<f32> {
  let exponent = vec4(0x7f800000u);
  return select(y, x, (bitcast<vec4<u32>>(x) & exponent) == exponent);
}

// tanh overflows to NaN beyond about 88 on some drivers; at 15 it is 1 in float32.
fn safe_tanh(x: vec4<f32>) -> vec4<f32> {
  return tanh(clamp(x, vec4(-15.0), vec4(15.0)));
}

fn activate(kind: u32, x: vec4<f32>) -> vec4<f32> {
  switch kind {
    case GELU: {
      return 0.5 * x * (1.0 + erf(x * 0.70710678));
    }
    case GELU_TANH: {
      // Beyond 15 the cube adds nothing but overflow.
      let z = clamp(x, vec4(-15.0), vec4(15.0));
      return 0.5 * x * (1.0 + safe_tanh(0.79788456 * (z + 0.044715 * z * z * z)));
    }
    case RELU: {
      return unless_broken(x, max(x, vec4(0.0)));
    }
    case TANH: {
      return unless_broken(x, safe_tanh(x));
    }
    case SILU: {
      // Below −80 it is 0 to 1e-33, and e to more than 88 would overflow.
      let z = max(x, vec4(-80.0));
      return unless_broken(x, z / (1.0 + exp(-z)));
    }
    default: {
      return x;
    }
  }
}
