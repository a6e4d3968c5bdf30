import type { InteractionRow } from './indices.ts';
import { omittedVariances } from './omitted.ts';
import type { Fit, Functional, Influence } from './spectrum.ts';

/**
 * Two measured widenings. The formulas take errors as independent and evenly spread, which what a fit misses is not: on estimated
 * coefficients that is mild. Frequencies left out above an interaction, though, mostly agree in sign (functions saturate), so that their sum
 * is about three times what independent signs would make. Measured with `auto`, before it had the Gaussian process, on the complete tables
 * of 30 sentences of DistilBERT, log-odds, seeds not used to find the factors, at 64, 128, 256 and 512 masks: ± 1.96 se held the exact FBII of 99, 99, 98 and 97 % of single players,
 * 96, 96, 92 and 92 % of the ten pairs that looked largest and 96, 97, 95 and 92 % of triples; the exact BII of 96, 97, 96 and 97 % of
 * players, 95, 98, 99 and 99 % of pairs and 92, 94, 98 and 98 % of triples.
 */
const ESTIMATED = 1.3;
const OMITTED = 3;
/**
 * Share of the variance of a model-free estimate, noise/N, that a posterior's is given beside its own, since no prior is quite right. Its own is
 * raised where the function turns out to be further off at unseen masks than it expects.
 */
const MODEL_FREE = 0.15;
/**
 * A posterior takes frequencies above an interaction as independent; they mostly agree in sign, as those left out do. Their weights are
 * multiplied by this (measured: what ± 1.96 se of FBII need is 1.5 to 2; BII, where they weigh nothing, need 1). With `gp` on the tables
 * above, a seed not used to find the factor, at 64, 128, 256 and 512 masks the exact FBII lay within of 98, 99, 98 and 98 % of players,
 * 96, 98, 98 and 98 % of the ten largest pairs and 95, 97, 99 and 99 % of triples; the exact BII of 95, 98, 97 and 97 %, 97, 95, 97 and
 * 99 % and 96, 96, 95 and 94 %.
 */
const COHERENT = 2;

/** Columns of the inverse of a lower-triangular factor, one after the other: column j from its diagonal down, the rest 0. */
function invertLower(l: Float64Array, k: number): Float64Array {
  const columns = new Float64Array(k * k);
  for (let j = 0; j < k; j++) {
    const at = j * k;
    columns[at + j] = 1 / l[j * k + j];
    for (let i = j + 1; i < k; i++) {
      let sum = 0;
      for (let p = j; p < i; p++) sum -= l[i * k + p] * columns[at + p];
      columns[at + i] = sum / l[i * k + i];
    }
  }
  return columns;
}

/**
 * Variance of each functional of the fitted coefficients, for noise of variance 1, and of all coefficients together (their sum).
 * A mean of fits: each part's standard error joined with its distance from the mean, then averaged as if the errors of the parts were the
 * same (Buckland, Burnham and Augustin 1997, eq. 9): parts that disagree make it larger, parts that agree do not make it smaller.
 */
async function fittedVariances(
  fit: Fit,
  rows: readonly InteractionRow[],
  noise: number,
  breathe: (() => Promise<void>) | undefined,
): Promise<{ variances: Float64Array; sum: number }> {
  const variances = new Float64Array(rows.length);
  if (fit.parts) {
    let sum = 0;
    for (const part of fit.parts) {
      const own = rows.map((row) => translate(row, part.terms, part.fit.spectrum.coefficients));
      const found = await fittedVariances(part.fit, own, noise, breathe);
      sum += part.weight * found.sum;
      for (let i = 0; i < rows.length; i++)
        variances[i] += part.weight * Math.sqrt(found.variances[i] + (ESTIMATED * (own[i].value - rows[i].value)) ** 2);
    }
    return { variances: variances.map((se) => se * se), sum };
  }
  if (fit.posterior) {
    const { posterior } = fit;
    const scale = Math.max(1, (noise - posterior.left) / posterior.error);
    const own = await posterior.variances(rows.map(coherent), breathe);
    return {
      variances: own.map((v, i) => scale * v + (MODEL_FREE * noise * rows[i].weights.reduce((a, w) => a + w * w, 0)) / posterior.count),
      sum: Math.max(0, noise - posterior.left),
    };
  }
  if (!fit.factor) return { variances, sum: 0 };
  const k = fit.spectrum.coefficients.length;
  const columns = invertLower(fit.factor, k);
  let sum = 0;
  for (let i = 0; i < columns.length; i++) sum += columns[i] * columns[i];
  const projected = new Float64Array(k);
  for (let i = 0; i < rows.length; i++) {
    const { terms, weights } = rows[i];
    projected.fill(0);
    for (let j = 0; j < terms.length; j++)
      for (let p = terms[j], at = terms[j] * k; p < k; p++) projected[p] += columns[at + p] * weights[j];
    let square = 0;
    for (let p = 0; p < k; p++) square += projected[p] * projected[p];
    variances[i] = ESTIMATED ** 2 * noise * square;
  }
  return { variances, sum: noise * sum };
}

function coherent({ members, byDegree }: InteractionRow): Functional {
  return { members, byDegree: byDegree.map((w, degree) => (degree > members.length ? COHERENT * w : w)) };
}

/** The same functional on one part of a mean: terms that the part does not have are 0 there. */
function translate(row: InteractionRow, termOf: Int32Array, coefficients: Float64Array): InteractionRow {
  const kept = Array.from(row.terms.keys()).filter((j) => termOf[row.terms[j]] >= 0);
  const terms = Uint32Array.from(kept, (j) => termOf[row.terms[j]]);
  const weights = Float64Array.from(kept, (j) => row.weights[j]);
  return { ...row, terms, weights, value: terms.reduce((sum, term, j) => sum + weights[j] * coefficients[term], 0) };
}

/** Whether any part of a fit is estimated rather than transformed. */
function isEstimated(fit: Fit): boolean {
  return fit.parts ? fit.parts.some((part) => isEstimated(part.fit)) : fit.factor !== null || fit.posterior !== undefined;
}

/**
 * Standard error of each interaction in the units of the function; 0 throughout for an exact transform. `noiseVariance` is the mean square
 * error on masks that the fit has not seen. Two sources are joined: coefficients that were estimated, σ²‖L⁻¹w‖², and frequencies that are not
 * in the spectrum. The value function is deterministic, so whatever the fit misses is the energy of such frequencies (Parseval): what is left of
 * `noiseVariance` when the estimated ones' share is taken off. Both are widened by a measured factor.
 */
export async function standardErrors(
  fit: Fit,
  rows: readonly InteractionRow[],
  noiseVariance: number,
  breathe?: () => Promise<void>,
): Promise<Float64Array> {
  if (fit.influence) return influenceErrors(fit.influence, fit.spectrum.coefficients.length, rows);
  if (!isEstimated(fit)) return new Float64Array(rows.length);
  const { variances, sum } = await fittedVariances(fit, rows, noiseVariance, breathe);
  const omitted = await omittedVariances(fit.spectrum, rows, Math.max(0, noiseVariance - sum), breathe);
  return variances.map((v, i) => Math.sqrt(v + OMITTED ** 2 * omitted[i]));
}

/** √Σ_g (ψ_g·w)² for each functional w. */
function influenceErrors({ groups, values }: Influence, size: number, rows: readonly InteractionRow[]): Float64Array {
  return Float64Array.from(rows, ({ terms, weights }) => {
    let variance = 0;
    for (let g = 0; g < groups; g++) {
      let sum = 0;
      for (let j = 0; j < terms.length; j++) sum += weights[j] * values[g * size + terms[j]];
      variance += sum * sum;
    }
    return Math.sqrt(variance);
  });
}
