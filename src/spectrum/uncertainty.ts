import type { InteractionRow } from './indices.ts';
import type { Fit } from './spectrum.ts';

/** Inverse of a lower-triangular factor, lower-triangular, row-major. */
function invertLower(l: Float64Array, k: number): Float64Array {
  const inverse = new Float64Array(k * k);
  for (let j = 0; j < k; j++) {
    inverse[j * k + j] = 1 / l[j * k + j];
    for (let i = j + 1; i < k; i++) {
      let sum = 0;
      for (let p = j; p < i; p++) sum -= l[i * k + p] * inverse[p * k + j];
      inverse[i * k + j] = sum / l[i * k + i];
    }
  }
  return inverse;
}

/**
 * Standard error of each interaction, sqrt(σ²‖L⁻¹w‖²), in the units of the function; `noiseVariance` σ² should be the mean square error on
 * masks that the fit has not seen, so that what the support lacks counts as noise. 0 throughout for an exact transform.
 * For a mean of fits the errors are averaged, as if they were the same: never too small by pretending to be independent.
 */
export function standardErrors(fit: Fit, rows: readonly InteractionRow[], noiseVariance: number): Float64Array {
  const out = new Float64Array(rows.length);
  if (fit.parts) {
    for (const part of fit.parts) {
      const errors = standardErrors(part.fit, translate(rows, part.terms), noiseVariance);
      for (let i = 0; i < out.length; i++) out[i] += part.weight * errors[i];
    }
    return out;
  }
  if (!fit.factor) return out;
  const k = fit.spectrum.coefficients.length;
  const inverse = invertLower(fit.factor, k);
  const projected = new Float64Array(k);
  for (let i = 0; i < rows.length; i++) {
    projected.fill(0);
    const { terms, weights } = rows[i];
    for (let j = 0; j < terms.length; j++) {
      const column = terms[j];
      for (let p = column; p < k; p++) projected[p] += inverse[p * k + column] * weights[j];
    }
    let sum = 0;
    for (let p = 0; p < k; p++) sum += projected[p] * projected[p];
    out[i] = Math.sqrt(noiseVariance * sum);
  }
  return out;
}

/** The same functionals on one part of a mean: terms that the part does not have drop out. */
function translate(rows: readonly InteractionRow[], termOf: Int32Array): InteractionRow[] {
  return rows.map(({ members, value, terms, weights }) => {
    const kept = Array.from(terms.keys()).filter((j) => termOf[terms[j]] >= 0);
    return { members, value, terms: Uint32Array.from(kept, (j) => termOf[terms[j]]), weights: Float64Array.from(kept, (j) => weights[j]) };
  });
}
