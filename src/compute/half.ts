/** The largest finite number of IEEE half precision. */
export const LARGEST_HALF = 65504;

/** Single to half precision, bits to bits, to the nearest and on a tie to the even one; beyond half's range infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) out[i] = halfOf(words[i]);
  return out;
}

function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fffffff;
  // NaN stays one; what rounds to 65,536 or more is infinite.
  if (rest > 0x7f800000) return sign | 0x7e00;
  if (rest >= 0x477ff000) return sign | 0x7c00;
  if (rest >= 0x38800000) return sign | nearest(rest - 0x38000000, 13);
  // Subnormal as a half: a multiple of 2⁻²⁴.
  const exponent = rest >>> 23;
  return exponent < 102 ? sign : sign | nearest((rest & 0x7fffff) | 0x800000, 126 - exponent);
}

/** value / 2^shift as a whole number. */
function nearest(value: number, shift: number): number {
  const low = value & ((1 << shift) - 1);
  const high = value >>> shift;
  const middle = 1 << (shift - 1);
  return high + (low > middle || (low === middle && (high & 1) === 1) ? 1 : 0);
}

/** Half precision as a number, exactly. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
