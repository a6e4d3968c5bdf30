/** log2 of the base. Digits lie between −2^12 and 2^12, so that sums of up to 2^12 of them are whole numbers up to 2^24: exact in float32. */
const DIGIT_BITS = 13;
const BASE = 2 ** DIGIT_BITS;
export const DIGITS = 3;
/** log2 of the largest whole number; its leading digit is below 2^12, and sums of 2^12 such numbers are exact in float64 too. */
const WHOLE_BITS = 37;

/**
 * Numbers that are whole multiples of a step. Sums of up to 2^12 of them are exact in float64, and by digits in float32, whatever the order:
 * a transform gives the same bits wherever it runs, on a GPU that may regroup sums too (WGSL §15.7.3).
 */
export interface Grid {
  readonly step: number;
  readonly values: Float64Array;
}

/** The numbers, not all 0, each rounded to the next multiple of a step of 2^−37 of the largest, or less. */
export function onGrid(values: Float64Array): Grid {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const step = 2 ** (Math.ceil(Math.log2(largest)) - WHOLE_BITS);
  // There is no −0 among them: with it a sum of zeros would depend on what is a digit of what.
  return { step, values: values.map((value) => Math.round(value / step) * step + 0) };
}

/** All leading digits of these multiples of a step, then all that come next, then the last. */
export function toDigits(values: Float64Array, step: number): Float32Array {
  const out = new Float32Array(DIGITS * values.length);
  for (let i = 0; i < values.length; i++) {
    let rest = values[i] / step;
    for (let d = 0; d < DIGITS; d++) {
      const unit = BASE ** (DIGITS - 1 - d);
      const digit = Math.round(rest / unit) + 0;
      rest -= digit * unit;
      out[d * values.length + i] = digit;
    }
  }
  return out;
}

/** The numbers whose digits, or sums of digits, these are. */
export function fromDigits(digits: Float32Array, step: number): Float64Array {
  const count = digits.length / DIGITS;
  const out = new Float64Array(count);
  for (let d = 0; d < DIGITS; d++) for (let i = 0; i < count; i++) out[i] = out[i] * BASE + digits[d * count + i];
  for (let i = 0; i < count; i++) out[i] *= step;
  return out;
}
