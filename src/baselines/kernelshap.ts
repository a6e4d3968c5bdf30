import { WebspexError } from '../core/errors.ts';
import { type Masks, pickMasks } from '../core/masks.ts';
import { collectPairs, shapleySize, sizedPairs } from '../core/sized.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { countSets, polynomialBasis, polynomialFit } from './polynomial.ts';
import { sizesOf, stratify } from './strata.ts';
import { weightedRegression } from './weighted.ts';

/** Complementary pairs with sizes drawn from the Shapley kernel, each mask once. */
export function shapleyMasks(n: number, count: number, seed: number, taken: ReadonlySet<string>): Masks {
  return collectPairs(n, count, sizedPairs(n, seed, shapleySize, new Set(taken)));
}

/**
 * Fewest masks from which all interactions of 1 … order of n players can be told apart when they come in complementary pairs: a pair says one
 * thing about sets of odd size and one about sets of even size.
 */
export function fewestPairedMasks(n: number, order: number): number {
  const sized = (s: number) => countSets(n, s) - countSets(n, s - 1);
  let odd = 0;
  let even = 1;
  for (let s = 1; s <= Math.min(order, n); s++) {
    if (s % 2) odd += sized(s);
    else even += sized(s);
  }
  return 2 * Math.max(odd, even);
}

/** The values of the full and the empty mask, and where they stand. @throws usage where one is not there. */
export function ends(masks: Masks, values: ArrayLike<number>): { full: number; empty: number; inner: number[] } {
  const sizes = sizesOf(masks);
  const [full, empty] = [sizes.indexOf(masks.n), sizes.indexOf(0)];
  if (full < 0 || empty < 0)
    throw new WebspexError('usage', 'decoder: expected the full and the empty mask among the masks, got neither or one; add both');
  const inner = Array.from({ length: masks.count }, (_, r) => r).filter((r) => r !== full && r !== empty);
  return { full: values[full], empty: values[empty], inner };
}

/**
 * The polynomial of order ≤ ℓ that is nearest to f under the Shapley kernel and equals it on the full and the empty mask: Faith-Shap (Tsai, Yeh
 * and Ravikumar 2023, §4.2), of order 1 Kernel SHAP (Lundberg and Lee 2017, Theorem 2). Masks may have been drawn by size in any way:
 * each size weighs what the kernel says. Exact where every mask was evaluated.
 * @throws usage where masks and values do not match or an end is missing, non-finite.
 */
export async function faithShapley(masks: Masks, values: ArrayLike<number>, options: DecodeOptions, method: string): Promise<Fit> {
  checkValues(masks, values);
  const { n } = masks;
  const { full, empty, inner } = ends(masks, values);
  const basis = polynomialBasis(n, options.order ?? 1);
  const fitted = pickMasks(masks, inner);
  const columns = basis.contained(fitted).map((places) => places.map((s) => s - 1));
  const size = basis.sets.length - 1;
  const { coefficients, contributions } = await weightedRegression({
    ...stratify(fitted, (s) => shapleySize(s, n)),
    size,
    columns,
    values: inner.map((r) => values[r] - empty),
    total: { columns: () => true, value: full - empty },
    breathe: options.breathe,
  });
  return polynomialFit(method, basis, [empty, ...coefficients], prependZero(contributions, size));
}

/** Contributions to ∅ as well: none, its value is known. */
export function prependZero(contributions: Float64Array, size: number): Float64Array {
  const groups = contributions.length / size;
  const out = new Float64Array(groups * (size + 1));
  for (let g = 0; g < groups; g++) out.set(contributions.subarray(g * size, (g + 1) * size), g * (size + 1) + 1);
  return out;
}

/** Shapley values by regression (Lundberg and Lee 2017), as the additive function they make. */
export function kernelshap(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  return faithShapley(masks, values, { ...options, order: 1 }, 'kernelshap');
}

/** Faithful Shapley interactions up to `order`. */
export function faithShap(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  return faithShapley(masks, values, { order: 2, ...options }, 'faith-shap');
}
