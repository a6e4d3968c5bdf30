import { breathingCholesky, cholesky, solveCholesky } from '../core/linalg.ts';
import type { Masks } from '../core/masks.ts';
import { parityColumns, parityMoments } from './gram.ts';
import { parityGram } from './gram-wasm.ts';
import type { Spectrum } from './spectrum.ts';

/**
 * Ridge on the characters of `keys`: minimises ‖y − XF‖² + Σ penalty_k F_k², in float64. Returns the spectrum and the Cholesky factor
 * of XᵀX + diag(penalties). @throws self-check where the normal matrix is singular (an unpenalised, dependent column).
 */
export function ridgeRefit(
  masks: Masks,
  values: ArrayLike<number>,
  keys: Uint32Array,
  penalties: Float64Array,
): { spectrum: Spectrum; factor: Float64Array } {
  const { normal, moments } = equationsOf(masks, values, keys, penalties);
  const factor = cholesky(normal, penalties.length);
  return { spectrum: { n: masks.n, keys, coefficients: solveCholesky(factor, penalties.length, moments) }, factor };
}

/** The same with breaths in between, where there may be thousands of characters. */
export async function breathingRefit(
  masks: Masks,
  values: ArrayLike<number>,
  keys: Uint32Array,
  penalties: Float64Array,
  breathe?: () => Promise<void>,
): Promise<{ spectrum: Spectrum; factor: Float64Array }> {
  const { normal, moments } = equationsOf(masks, values, keys, penalties);
  await breathe?.();
  const factor = await breathingCholesky(normal, penalties.length, breathe);
  return { spectrum: { n: masks.n, keys, coefficients: solveCholesky(factor, penalties.length, moments) }, factor };
}

function equationsOf(masks: Masks, values: ArrayLike<number>, keys: Uint32Array, penalties: Float64Array) {
  const columns = parityColumns(masks, keys);
  const normal = parityGram(columns, masks.count);
  const size = penalties.length;
  for (let k = 0; k < size; k++) normal[k * size + k] += penalties[k];
  return { normal, moments: parityMoments(columns, masks.count, values) };
}
