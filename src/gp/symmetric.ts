/** e_0 … e_top of the weights, elementary symmetric polynomials: the coefficients of Π(1 + w_i t). */
export function symmetric(weights: Float64Array, top: number): Float64Array {
  const e = new Float64Array(top + 1);
  e[0] = 1;
  for (const w of weights) multiply(e, w);
  return e;
}

/** Times 1 + wt, in place, as far as it has coefficients. */
export function multiply(e: Float64Array, w: number): void {
  for (let d = e.length - 1; d > 0; d--) e[d] += w * e[d - 1];
}

/** The opposite. |w| ≤ 1, so errors do not grow. */
export function divide(e: Float64Array, w: number): void {
  for (let d = 1; d < e.length; d++) e[d] -= w * e[d - 1];
}

/** The same without some of the weights. */
export function without(e: Float64Array, removed: readonly number[]): Float64Array {
  const out = Float64Array.from(e);
  for (const w of removed) divide(out, w);
  return out;
}
