// Packed weights (src/compute/packed.ts) as float32: terms `from` to `to` of one panel of eight columns, (to − from, 8) at `out`. Levels times
// scales are exact as ggml has them, so that a fused product gives the same bits.
import { madd } from './madd';

/** Numbers of the packings, as src/compute/wasm/layout.ts gives them; 0 is float32. */
const F16: i32 = 1;
const BF16: i32 = 2;
const Q8: i32 = 3;

/** 2¹¹²: what a half's exponent is short of a float's. */
const REBIAS: f32 = reinterpret<f32>(0x77800000);

export function expand(packed: i32, panel: usize, from: i32, to: i32, out: usize): void {
  if (packed === F16 || packed === BF16) halves(packed === F16, panel + ((<usize>from) << 4), to - from, out);
  else if (packed === Q8) bytes(panel + <usize>(from >> 5) * 352, (to - from) >> 5, out);
  else nibbles(panel + <usize>(from >> 5) * 192, (to - from) >> 5, out);
}

function halves(half: bool, panel: usize, terms: i32, out: usize): void {
  const end = panel + ((<usize>terms) << 4);
  for (; panel < end; panel += 16) {
    const eight = v128.load(panel);
    const low = i32x4.extend_low_i16x8_u(eight);
    const high = i32x4.extend_high_i16x8_u(eight);
    v128.store(out, half ? widened(low) : i32x4.shl(low, 16));
    v128.store(out, half ? widened(high) : i32x4.shl(high, 16), 16);
    out += 32;
  }
}

/** Halves in the lower bits of four lanes; what is subnormal as a half becomes normal by the product. */
function widened(bits: v128): v128 {
  const size = f32x4.mul(i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13), f32x4.splat(REBIAS));
  return v128.or(size, i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16));
}

function bytes(block: usize, blocks: i32, out: usize): void {
  for (let b = 0; b < blocks; b++) {
    const low = v128.load(block, 64);
    const high = v128.load(block, 80);
    for (let half: usize = 0; half < 2; half++) {
      const lowScale = v128.load(block + (half << 5));
      const highScale = v128.load(block + (half << 5), 16);
      const levels = block + 96 + (half << 7);
      for (let at: usize = 0; at < 128; at += 16) {
        const two = v128.load(levels + at);
        const first = i16x8.extend_low_i8x16_s(two);
        const second = i16x8.extend_high_i8x16_s(two);
        v128.store(out, madd(number(i32x4.extend_low_i16x8_s(first)), lowScale, low));
        v128.store(out, madd(number(i32x4.extend_high_i16x8_s(first)), highScale, high), 16);
        v128.store(out, madd(number(i32x4.extend_low_i16x8_s(second)), lowScale, low), 32);
        v128.store(out, madd(number(i32x4.extend_high_i16x8_s(second)), highScale, high), 48);
        out += 64;
      }
    }
    block += 352;
  }
}

function nibbles(block: usize, blocks: i32, out: usize): void {
  const mask = i8x16.splat(15);
  for (let b = 0; b < blocks; b++) {
    const lowScale = v128.load(block);
    const highScale = v128.load(block, 16);
    const low = v128.load(block, 32);
    const high = v128.load(block, 48);
    for (let at: usize = 64; at < 192; at += 16) {
      // Four terms: columns 0 to 3 in lower halves of bytes, 4 to 7 in upper ones.
      const four = v128.load(block + at);
      const lower = v128.and(four, mask);
      const upper = v128.and(i16x8.shr_u(four, 4), mask);
      const low01 = i16x8.extend_low_i8x16_u(lower);
      const low23 = i16x8.extend_high_i8x16_u(lower);
      const high01 = i16x8.extend_low_i8x16_u(upper);
      const high23 = i16x8.extend_high_i8x16_u(upper);
      v128.store(out, madd(number(i32x4.extend_low_i16x8_u(low01)), lowScale, low));
      v128.store(out, madd(number(i32x4.extend_low_i16x8_u(high01)), highScale, high), 16);
      v128.store(out, madd(number(i32x4.extend_high_i16x8_u(low01)), lowScale, low), 32);
      v128.store(out, madd(number(i32x4.extend_high_i16x8_u(high01)), highScale, high), 48);
      v128.store(out, madd(number(i32x4.extend_low_i16x8_u(low23)), lowScale, low), 64);
      v128.store(out, madd(number(i32x4.extend_low_i16x8_u(high23)), highScale, high), 80);
      v128.store(out, madd(number(i32x4.extend_high_i16x8_u(low23)), lowScale, low), 96);
      v128.store(out, madd(number(i32x4.extend_high_i16x8_u(high23)), highScale, high), 112);
      out += 128;
    }
    block += 192;
  }
}

function number(whole: v128): v128 {
  return f32x4.convert_i32x4_s(whole);
}
