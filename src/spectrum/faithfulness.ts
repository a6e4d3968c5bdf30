/** R² with a two-sided 95 % interval. */
export interface Faithfulness {
  readonly r2: number;
  readonly low: number;
  readonly high: number;
}

/** Lower ends are cut here: an R² of −10 and one of −1,000 both say "useless", and JSON has no infinity. */
const WORST = -10;
/** Below this share of the variance the error is rounding of float32 values, not misfit. */
const ROUNDING = 1e-13;

/** 97.5 % quantile of Student's t (Abramowitz and Stegun 26.7.5; exact for 1 and 2 degrees of freedom; 1 % low at 3, better beyond). */
export function studentT975(degrees: number): number {
  if (degrees <= 1) return 12.706;
  if (degrees === 2) return 4.303;
  const z = 1.959964;
  const z2 = z * z;
  const g1 = (z * (z2 + 1)) / 4;
  const g2 = (z * ((5 * z2 + 16) * z2 + 3)) / 96;
  const g3 = (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384;
  const g4 = (z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945)) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / degrees) / degrees) / degrees) / degrees;
}

/**
 * R² = 1 − ‖predicted − values‖² / ‖values − mean‖² and its 95 % interval by the delta method on log(1 − R²), where it is most nearly
 * normal. With `pairs`, rows 2r and 2r + 1 are complementary masks and count as one observation. A perfect fit has the interval [1, 1];
 * without rows, or without variance and with error, nothing is known: [−10, 1].
 */
export function faithfulness(predicted: ArrayLike<number>, values: ArrayLike<number>, options: { pairs?: boolean } = {}): Faithfulness {
  const count = values.length;
  if (count === 0) return { r2: 0, low: WORST, high: 1 };
  let mean = 0;
  for (let r = 0; r < count; r++) mean += values[r] / count;
  let error = 0;
  let total = 0;
  let size = 0;
  for (let r = 0; r < count; r++) {
    error += (predicted[r] - values[r]) ** 2;
    total += (values[r] - mean) ** 2;
    size += values[r] ** 2;
  }
  if (error <= ROUNDING * Math.max(total, ROUNDING * size)) return { r2: 1, low: 1, high: 1 };
  if (total <= ROUNDING * ROUNDING * size) return { r2: 0, low: WORST, high: 1 };
  const step = options.pairs ? 2 : 1;
  let groups = 0;
  let square = 0;
  for (let r = 0; r < count; r += step) {
    let influence = 0;
    for (let i = r; i < Math.min(count, r + step); i++)
      influence += (count * (predicted[i] - values[i]) ** 2) / error - (count * (values[i] - mean) ** 2) / total;
    square += influence * influence;
    groups++;
  }
  const log = Math.log(error / total);
  const se = groups > 1 ? (Math.sqrt(square) / count) * Math.sqrt(groups / (groups - 1)) : Number.POSITIVE_INFINITY;
  const reach = studentT975(groups - 1) * se;
  return { r2: Math.max(WORST, 1 - Math.exp(log)), low: Math.max(WORST, 1 - Math.exp(log + reach)), high: 1 - Math.exp(log - reach) };
}
