import { exp16 } from './exp';
import { madd } from './madd';

// Each takes sixteen numbers in place, where exp16 takes them: a `far` of 0 is eight.

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
function gelu(at: usize, far: usize): void {
  const to = at + far;
  const x0 = v128.load(at);
  const x1 = v128.load(at, 16);
  const x2 = v128.load(to);
  const x3 = v128.load(to, 16);
  const y0 = f32x4.abs(x0);
  const y1 = f32x4.abs(x1);
  const y2 = f32x4.abs(x2);
  const y3 = f32x4.abs(x3);
  let a = f32x4.splat(0.00000131846934);
  let b = f32x4.splat(-0.0000194482691);
  let t0 = madd(a, y0, b);
  let t1 = madd(a, y1, b);
  let t2 = madd(a, y2, b);
  let t3 = madd(a, y3, b);
  a = f32x4.splat(0.0000911334937);
  t0 = madd(t0, y0, a);
  t1 = madd(t1, y1, a);
  t2 = madd(t2, y2, a);
  t3 = madd(t3, y3, a);
  a = f32x4.splat(0.000188580816);
  t0 = madd(t0, y0, a);
  t1 = madd(t1, y1, a);
  t2 = madd(t2, y2, a);
  t3 = madd(t3, y3, a);
  a = f32x4.splat(-0.00502213323);
  t0 = madd(t0, y0, a);
  t1 = madd(t1, y1, a);
  t2 = madd(t2, y2, a);
  t3 = madd(t3, y3, a);
  a = f32x4.splat(0.0364786722);
  t0 = madd(t0, y0, a);
  t1 = madd(t1, y1, a);
  t2 = madd(t2, y2, a);
  t3 = madd(t3, y3, a);
  a = f32x4.splat(0.318266958);
  t0 = madd(t0, y0, a);
  t1 = madd(t1, y1, a);
  t2 = madd(t2, y2, a);
  t3 = madd(t3, y3, a);
  a = f32x4.splat(0.797889352);
  t0 = madd(t0, y0, a);
  t1 = madd(t1, y1, a);
  t2 = madd(t2, y2, a);
  t3 = madd(t3, y3, a);
  v128.store(at, f32x4.neg(f32x4.mul(t0, y0)));
  v128.store(at, f32x4.neg(f32x4.mul(t1, y1)), 16);
  v128.store(to, f32x4.neg(f32x4.mul(t2, y2)));
  v128.store(to, f32x4.neg(f32x4.mul(t3, y3)), 16);
  exp16(at, far);
  a = f32x4.splat(0.5);
  b = f32x4.splat(0);
  t0 = f32x4.sub(f32x4.pmax(x0, b), f32x4.mul(f32x4.mul(y0, a), v128.load(at)));
  t1 = f32x4.sub(f32x4.pmax(x1, b), f32x4.mul(f32x4.mul(y1, a), v128.load(at, 16)));
  t2 = f32x4.sub(f32x4.pmax(x2, b), f32x4.mul(f32x4.mul(y2, a), v128.load(to)));
  t3 = f32x4.sub(f32x4.pmax(x3, b), f32x4.mul(f32x4.mul(y3, a), v128.load(to, 16)));
  v128.store(at, t0);
  v128.store(at, t1, 16);
  v128.store(to, t2);
  v128.store(to, t3, 16);
}

/** 1 − 2 / (e^2x + 1), to 1.8e-7; at 15 it is 1 in float32. pmin and pmax keep a NaN that is their first operand. */
function tanh(at: usize, far: usize): void {
  const to = at + far;
  let a = f32x4.splat(-15);
  let b = f32x4.splat(15);
  let x0 = f32x4.pmin(f32x4.pmax(v128.load(at), a), b);
  let x1 = f32x4.pmin(f32x4.pmax(v128.load(at, 16), a), b);
  let x2 = f32x4.pmin(f32x4.pmax(v128.load(to), a), b);
  let x3 = f32x4.pmin(f32x4.pmax(v128.load(to, 16), a), b);
  v128.store(at, f32x4.add(x0, x0));
  v128.store(at, f32x4.add(x1, x1), 16);
  v128.store(to, f32x4.add(x2, x2));
  v128.store(to, f32x4.add(x3, x3), 16);
  exp16(at, far);
  a = f32x4.splat(1);
  b = f32x4.splat(2);
  x0 = f32x4.sub(a, f32x4.div(b, f32x4.add(v128.load(at), a)));
  x1 = f32x4.sub(a, f32x4.div(b, f32x4.add(v128.load(at, 16), a)));
  x2 = f32x4.sub(a, f32x4.div(b, f32x4.add(v128.load(to), a)));
  x3 = f32x4.sub(a, f32x4.div(b, f32x4.add(v128.load(to, 16), a)));
  v128.store(at, x0);
  v128.store(at, x1, 16);
  v128.store(to, x2);
  v128.store(to, x3, 16);
}

/** To 4.2e-7 on [−6, 6]. */
function geluTanh(at: usize, far: usize): void {
  const to = at + far;
  const x0 = v128.load(at);
  const x1 = v128.load(at, 16);
  const x2 = v128.load(to);
  const x3 = v128.load(to, 16);
  let a = f32x4.splat(0.79788456);
  const b = f32x4.splat(0.044715);
  const one = f32x4.splat(1);
  v128.store(at, f32x4.mul(f32x4.mul(x0, a), madd(f32x4.mul(x0, x0), b, one)));
  v128.store(at, f32x4.mul(f32x4.mul(x1, a), madd(f32x4.mul(x1, x1), b, one)), 16);
  v128.store(to, f32x4.mul(f32x4.mul(x2, a), madd(f32x4.mul(x2, x2), b, one)));
  v128.store(to, f32x4.mul(f32x4.mul(x3, a), madd(f32x4.mul(x3, x3), b, one)), 16);
  tanh(at, far);
  a = f32x4.splat(0.5);
  const h0 = f32x4.mul(x0, a);
  const h1 = f32x4.mul(x1, a);
  const h2 = f32x4.mul(x2, a);
  const h3 = f32x4.mul(x3, a);
  const y0 = madd(h0, v128.load(at), h0);
  const y1 = madd(h1, v128.load(at, 16), h1);
  const y2 = madd(h2, v128.load(to), h2);
  const y3 = madd(h3, v128.load(to, 16), h3);
  v128.store(at, y0);
  v128.store(at, y1, 16);
  v128.store(to, y2);
  v128.store(to, y3, 16);
}

/** x / (1 + e^−x), to 2.5e-7 of itself; e to more than 88 would overflow. pmin keeps a NaN that is its first operand. */
function silu(at: usize, far: usize): void {
  const to = at + far;
  let a = f32x4.splat(80);
  let x0 = v128.load(at);
  let x1 = v128.load(at, 16);
  let x2 = v128.load(to);
  let x3 = v128.load(to, 16);
  v128.store(at, f32x4.pmin(f32x4.neg(x0), a));
  v128.store(at, f32x4.pmin(f32x4.neg(x1), a), 16);
  v128.store(to, f32x4.pmin(f32x4.neg(x2), a));
  v128.store(to, f32x4.pmin(f32x4.neg(x3), a), 16);
  exp16(at, far);
  a = f32x4.splat(1);
  x0 = f32x4.div(x0, f32x4.add(v128.load(at), a));
  x1 = f32x4.div(x1, f32x4.add(v128.load(at, 16), a));
  x2 = f32x4.div(x2, f32x4.add(v128.load(to), a));
  x3 = f32x4.div(x3, f32x4.add(v128.load(to, 16), a));
  v128.store(at, x0);
  v128.store(at, x1, 16);
  v128.store(to, x2);
  v128.store(to, x3, 16);
}

function relu(at: usize, far: usize): void {
  const zero = f32x4.splat(0);
  v128.store(at, f32x4.pmax(v128.load(at), zero));
  v128.store(at, f32x4.pmax(v128.load(at, 16), zero), 16);
  v128.store(at + far, f32x4.pmax(v128.load(at + far), zero));
  v128.store(at + far, f32x4.pmax(v128.load(at + far, 16), zero), 16);
}

export function activate(kind: i32, at: usize, far: usize): void {
  switch (kind) {
    case GELU:
      gelu(at, far);
      break;
    case GELU_TANH:
      geluTanh(at, far);
      break;
    case RELU:
      relu(at, far);
      break;
    case TANH:
      tanh(at, far);
      break;
    case SILU:
      silu(at, far);
      break;
  }
}
