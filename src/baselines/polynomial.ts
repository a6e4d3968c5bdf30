import { type Masks, maskStride } from '../core/masks.ts';
import { binomial, setsOf } from '../core/sized.ts';
import type { Fit, Influence } from '../spectrum/spectrum.ts';

/**
 * Polynomials in 0/1 variables over fixed sets, ∅ first: g(m) = Σ_S a_S Π_{i∈S} m_i. Subsets of every set are among the sets, so that the
 * spectrum of such a polynomial lives on the same sets.
 */
export interface PolynomialBasis {
  readonly n: number;
  readonly sets: readonly (readonly number[])[];
  /** Fourier coefficients from monomial ones, in the order of the sets: F(T) = (−1)^|T| Σ_{S ⊇ T} 2^−|S| a_S. */
  toFourier(monomial: ArrayLike<number>): Float64Array;
  /** For each mask, the places of the sets that it contains whole, ascending; ∅ left out. */
  contained(masks: Masks): Uint32Array[];
}

/** Number of sets of 1 … order of n players. */
export function countSets(n: number, order: number): number {
  let sum = 0;
  for (let s = 1; s <= Math.min(order, n); s++) sum += binomial(n, s);
  return sum;
}

/** All sets of at most `order` players. */
export function polynomialBasis(n: number, order: number): PolynomialBasis {
  const sets: number[][] = [[]];
  for (let s = 1; s <= Math.min(order, n); s++) for (const set of setsOf(n, s)) sets.push(set);
  const place = new Map(sets.map((set, i) => [set.join(), i]));
  const below = sets.map((set) => subsetsOf(set).map((subset) => place.get(subset.join()) as number));
  return {
    n,
    sets,
    toFourier(monomial) {
      const out = new Float64Array(sets.length);
      for (let s = 0; s < sets.length; s++) {
        const share = monomial[s] / 2 ** sets[s].length;
        if (share !== 0) for (const t of below[s]) out[t] += sets[t].length % 2 ? -share : share;
      }
      return out;
    },
    contained: (masks) => Array.from({ length: masks.count }, (_, r) => containedIn(masks, r, sets)),
  };
}

function subsetsOf(set: readonly number[]): number[][] {
  return Array.from({ length: 2 ** set.length }, (_, bits) => set.filter((_, i) => (bits >> i) & 1));
}

function containedIn(masks: Masks, r: number, sets: readonly (readonly number[])[]): Uint32Array {
  const at = r * maskStride(masks.n);
  const present = Uint8Array.from({ length: masks.n }, (_, i) => (masks.words[at + (i >> 5)] >>> (i & 31)) & 1);
  const out: number[] = [];
  for (let s = 1; s < sets.length; s++) {
    let all = 1;
    for (const i of sets[s]) all &= present[i];
    if (all) out.push(s);
  }
  return Uint32Array.from(out);
}

/** A fit from monomial coefficients, ∅ first, and what each group of masks contributed to them (groups × sets, row-major). */
export function polynomialFit(method: string, basis: PolynomialBasis, monomial: ArrayLike<number>, contributions: Float64Array): Fit {
  const { n, sets } = basis;
  const stride = maskStride(n);
  const keys = new Uint32Array(sets.length * stride);
  for (const [s, set] of sets.entries()) for (const i of set) keys[s * stride + (i >> 5)] |= 1 << (i & 31);
  const groups = contributions.length / sets.length;
  const values = new Float64Array(contributions.length);
  for (let g = 0; g < groups; g++)
    values.set(basis.toFourier(contributions.subarray(g * sets.length, (g + 1) * sets.length)), g * sets.length);
  const influence: Influence = { groups, values };
  return { method, spectrum: { n, keys, coefficients: basis.toFourier(monomial) }, factor: null, influence };
}
