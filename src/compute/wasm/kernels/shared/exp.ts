import { madd } from './madd';

/** Below this e^x is no normal float32; it becomes 0. */
const LOWEST: f32 = -87.3;
/** 1.5 · 2²³: added to a small number it leaves the nearest integer in the low bits. */
const ROUND: f32 = 12582912;
const LOG2_E: f32 = <f32>Math.LOG2E;
/** ln 2 in two parts, the first short enough for its products with exponents to be exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;

/**
 * e^x for x up to 88, to 1.2 units in the last place: 2ⁿ · e^r with |r| ≤ ln 2 / 2, and for e^r a polynomial fitted to the largest
 * relative error (3e-9). NaN stays NaN.
 */
export function exp(x: v128): v128 {
  const round = f32x4.splat(ROUND);
  const shifted = madd(x, f32x4.splat(LOG2_E), round);
  const n = f32x4.sub(shifted, round);
  const r = madd(n, f32x4.splat(-LN2_LOW), madd(n, f32x4.splat(-LN2_HIGH), x));
  let p = madd(f32x4.splat(0.00138144672), r, f32x4.splat(0.00836878084));
  p = madd(p, r, f32x4.splat(0.0416683927));
  p = madd(p, r, f32x4.splat(0.166665196));
  p = madd(p, r, f32x4.splat(0.49999994));
  p = madd(p, r, f32x4.splat(1));
  p = madd(p, r, f32x4.splat(1));
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23));
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(LOWEST)));
}
