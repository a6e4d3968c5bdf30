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
  const columns = parityColumns(masks, keys);
  const factor = cholesky(normalOf(columns, masks.count, penalties), penalties.length);
  const moments = parityMoments(columns, masks.count, values);
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
  const columns = parityColumns(masks, keys);
  await breathe?.();
  const normal = normalOf(columns, masks.count, penalties);
  await breathe?.();
  const factor = await breathingCholesky(normal, penalties.length, breathe);
  const moments = parityMoments(columns, masks.count, values);
  return { spectrum: { n: masks.n, keys, coefficients: solveCholesky(factor, penalties.length, moments) }, factor };
}

/** XᵀX + diag(penalties). */
function normalOf(columns: Uint32Array, count: number, penalties: Float64Array): Float64Array {
  const normal = parityGram(columns, count);
  const size = penalties.length;
  for (let k = 0; k < size; k++) normal[k * size + k] += penalties[k];
  return normal;
}
