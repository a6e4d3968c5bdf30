import { madd } from './madd';

/** Below this e^x is no normal float32; it becomes 0. */
const LOWEST: f32 = -87.3;
/** 1.5 · 2²³: added to a small number it leaves the nearest integer in the low bits. */
const ROUND: f32 = 12582912;
const LOG2_E: f32 = <f32>Math.LOG2E;
/** ln 2 in two parts, the first short enough for its products with exponents to be exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;
/** Of r² to r⁶ in e^r, fitted to the largest relative error (3e-9); those of 1 and r are 1. */
const E2: f32 = 0.49999994;
const E3: f32 = 0.166665196;
const E4: f32 = 0.0416683927;
const E5: f32 = 0.00836878084;
const E6: f32 = 0.00138144672;

/**
 * e^x for x up to 88, to 1.2 units in the last place: 2ⁿ · e^r with |r| ≤ ln 2 / 2, and for e^r a polynomial. NaN stays NaN.
 */
export function exp(x: v128): v128 {
  const round = f32x4.splat(ROUND);
  const shifted = madd(x, f32x4.splat(LOG2_E), round);
  const n = f32x4.sub(shifted, round);
  const r = madd(n, f32x4.splat(-LN2_LOW), madd(n, f32x4.splat(-LN2_HIGH), x));
  let p = madd(f32x4.splat(E6), r, f32x4.splat(E5));
  p = madd(p, r, f32x4.splat(E4));
  p = madd(p, r, f32x4.splat(E3));
  p = madd(p, r, f32x4.splat(E2));
  p = madd(p, r, f32x4.splat(1));
  p = madd(p, r, f32x4.splat(1));
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23));
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(LOWEST)));
}

/**
 * `exp` of sixteen numbers in place: of the vectors at `at`, `at` + 16, `at` + `far` and `at` + `far` + 16, so that a `far` of 0
 * takes eight. V8 makes a vector constant anew wherever a function needs it, and one number's steps wait for each other: four vectors share
 * the constants and fill the waits, which takes 2.3 times less.
 */
export function exp16(at: usize, far: usize): void {
  const to = at + far;
  const x0 = v128.load(at);
  const x1 = v128.load(at, 16);
  const x2 = v128.load(to);
  const x3 = v128.load(to, 16);
  let a = f32x4.splat(LOG2_E);
  let b = f32x4.splat(ROUND);
  const s0 = madd(x0, a, b);
  const s1 = madd(x1, a, b);
  const s2 = madd(x2, a, b);
  const s3 = madd(x3, a, b);
  const n0 = f32x4.sub(s0, b);
  const n1 = f32x4.sub(s1, b);
  const n2 = f32x4.sub(s2, b);
  const n3 = f32x4.sub(s3, b);
  a = f32x4.splat(-LN2_HIGH);
  b = f32x4.splat(-LN2_LOW);
  const r0 = madd(n0, b, madd(n0, a, x0));
  const r1 = madd(n1, b, madd(n1, a, x1));
  const r2 = madd(n2, b, madd(n2, a, x2));
  const r3 = madd(n3, b, madd(n3, a, x3));
  a = f32x4.splat(E6);
  b = f32x4.splat(E5);
  let p0 = madd(a, r0, b);
  let p1 = madd(a, r1, b);
  let p2 = madd(a, r2, b);
  let p3 = madd(a, r3, b);
  a = f32x4.splat(E4);
  p0 = madd(p0, r0, a);
  p1 = madd(p1, r1, a);
  p2 = madd(p2, r2, a);
  p3 = madd(p3, r3, a);
  a = f32x4.splat(E3);
  p0 = madd(p0, r0, a);
  p1 = madd(p1, r1, a);
  p2 = madd(p2, r2, a);
  p3 = madd(p3, r3, a);
  a = f32x4.splat(E2);
  p0 = madd(p0, r0, a);
  p1 = madd(p1, r1, a);
  p2 = madd(p2, r2, a);
  p3 = madd(p3, r3, a);
  a = f32x4.splat(1);
  p0 = madd(p0, r0, a);
  p1 = madd(p1, r1, a);
  p2 = madd(p2, r2, a);
  p3 = madd(p3, r3, a);
  p0 = madd(p0, r0, a);
  p1 = madd(p1, r1, a);
  p2 = madd(p2, r2, a);
  p3 = madd(p3, r3, a);
  a = i32x4.splat(127 << 23);
  b = f32x4.splat(LOWEST);
  v128.store(at, v128.andnot(f32x4.mul(p0, i32x4.add(i32x4.shl(s0, 23), a)), f32x4.lt(x0, b)));
  v128.store(at, v128.andnot(f32x4.mul(p1, i32x4.add(i32x4.shl(s1, 23), a)), f32x4.lt(x1, b)), 16);
  v128.store(to, v128.andnot(f32x4.mul(p2, i32x4.add(i32x4.shl(s2, 23), a)), f32x4.lt(x2, b)));
  v128.store(to, v128.andnot(f32x4.mul(p3, i32x4.add(i32x4.shl(s3, 23), a)), f32x4.lt(x3, b)), 16);
}
