import { exp } from './exp';
import { madd } from './madd';

/** ACTIVATIONS of src/compute/kernels.ts. */
const GELU: i32 = 1;
const GELU_TANH: i32 = 2;
const RELU: i32 = 3;
const TANH: i32 = 4;
const SILU: i32 = 5;

/**
 * x Φ(x) to 2.5e-7: max(x, 0) − |x|/2 · erfc(|x|/√2), with erfc as e to minus a polynomial that was fitted on [0, 6] to the largest error
 * of the whole, 9e-9, and goes on growing beyond. Nothing cancels, as it does in 1 + erf.
 */
function gelu(x: v128): v128 {
  const y = f32x4.abs(x);
  let t = madd(f32x4.splat(0.00000131846934), y, f32x4.splat(-0.0000194482691));
  t = madd(t, y, f32x4.splat(0.0000911334937));
  t = madd(t, y, f32x4.splat(0.000188580816));
  t = madd(t, y, f32x4.splat(-0.00502213323));
  t = madd(t, y, f32x4.splat(0.0364786722));
  t = madd(t, y, f32x4.splat(0.318266958));
  t = madd(t, y, f32x4.splat(0.797889352));
  const tail = exp(f32x4.neg(f32x4.mul(t, y)));
  return f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(f32x4.mul(y, f32x4.splat(0.5)), tail));
}

/** 1 − 2 / (e^2x + 1), to 1.8e-7; at 15 it is 1 in float32. pmin and pmax keep a NaN that is their first operand. */
function tanh(x: v128): v128 {
  const one = f32x4.splat(1);
  const within = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-15)), f32x4.splat(15));
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp(f32x4.add(within, within)), one)));
}

/** To 4.2e-7 on [−6, 6]. */
function geluTanh(x: v128): v128 {
  const inner = f32x4.mul(f32x4.mul(x, f32x4.splat(0.79788456)), madd(f32x4.mul(x, x), f32x4.splat(0.044715), f32x4.splat(1)));
  const half = f32x4.mul(x, f32x4.splat(0.5));
  return madd(half, tanh(inner), half);
}

/** x / (1 + e^−x), to 2.5e-7 of itself; e to more than 88 would overflow. pmin keeps a NaN that is its first operand. */
function silu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(exp(f32x4.pmin(f32x4.neg(x), f32x4.splat(80))), f32x4.splat(1)));
}

export function activate(kind: i32, x: v128): v128 {
  switch (kind) {
    case GELU:
      return gelu(x);
    case GELU_TANH:
      return geluTanh(x);
    case RELU:
      return f32x4.pmax(x, f32x4.splat(0));
    case TANH:
      return tanh(x);
    case SILU:
      return silu(x);
    default:
      return x;
  }
}
