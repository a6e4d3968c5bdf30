import type { Masks } from '../core/masks.ts';
import { collectPairs, sizedPairs } from '../core/sized.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { polynomialBasis, polynomialFit } from './polynomial.ts';
import { stratify } from './strata.ts';
import { weightedRegression } from './weighted.ts';

/** As in the package lime 0.2.0.1 for texts: width of the kernel, scale of the cosine distance, ridge penalty. */
const KERNEL_WIDTH = 25;
const DISTANCE_SCALE = 100;
const PENALTY = 1;

/** √exp(−d²/width²) with d = 100·(1 − cosine of the mask and the full one). */
function nearness(size: number, n: number): number {
  const distance = DISTANCE_SCALE * (1 - Math.sqrt(size / n));
  return Math.sqrt(Math.exp(-(distance ** 2) / KERNEL_WIDTH ** 2));
}

/** How many words are left is uniform, as in LIME; each mask once, in complementary pairs. */
export function limeMasks(n: number, count: number, seed: number, taken: ReadonlySet<string>): Masks {
  return collectPairs(
    n,
    count,
    sizedPairs(n, seed, () => 1, new Set(taken)),
  );
}

/**
 * LIME for texts (Ribeiro, Singh and Guestrin 2016, as the package lime does it): ridge on single players, masks near the full one weigh more.
 * The number of players removed is uniform on 1 … n, whatever masks were drawn, and the full mask counts once.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function lime(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { n, count } = masks;
  const basis = polynomialBasis(n, 1);
  const draws = count - 1;
  const { coefficients, contributions } = await weightedRegression({
    ...stratify(masks, (s) => (s === n ? 1 : (nearness(s, n) * draws) / n)),
    size: n + 1,
    columns: basis.contained(masks).map((places) => Uint32Array.from([0, ...places])),
    values,
    penalties: new Float64Array(n + 1).fill(PENALTY, 1),
    breathe: options.breathe,
  });
  return polynomialFit('lime', basis, coefficients, contributions);
}
