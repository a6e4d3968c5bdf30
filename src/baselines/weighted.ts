import { breathingCholesky, solveCholesky } from '../core/linalg.ts';
import type { Strata } from './strata.ts';

/** A weighted regression on 0/1 columns: row r has ones at `columns[r]` (ascending) of `size` columns. */
export interface Regression extends Strata {
  readonly size: number;
  readonly columns: readonly Uint32Array[];
  readonly values: ArrayLike<number>;
  /** Ridge penalty by column. */
  readonly penalties?: Float64Array;
  /** Σ of these columns' coefficients must be this. */
  readonly total?: { readonly columns: (column: number) => boolean; readonly value: number };
  readonly breathe?: () => Promise<void>;
}

export interface RegressionResult {
  readonly coefficients: Float64Array;
  /** What each pair of rows (2p, 2p + 1) contributed by luck: pairs × size, row-major; see `Influence`. */
  readonly contributions: Float64Array;
}

/** Relative ridge that keeps the normal matrix positive definite in float64 where columns depend on one another. */
const JITTER = 1e-10;
/** A row that decides its own prediction has no residual to judge by; its leverage is cut here. */
const LEAST_SLACK = 0.05;

async function normalMatrix({ size, columns, weights, penalties, breathe }: Regression): Promise<Float64Array> {
  const a = new Float64Array(size * size);
  for (let r = 0; r < columns.length; r++) {
    const ones = columns[r];
    const w = weights[r];
    for (let i = 0; i < ones.length; i++) for (let j = 0, at = ones[i] * size; j <= i; j++) a[at + ones[j]] += w;
    await breathe?.();
  }
  let trace = 0;
  for (let i = 0; i < size; i++) trace += a[i * size + i];
  for (let i = 0; i < size; i++) a[i * size + i] += (JITTER * (trace || 1)) / size + (penalties?.[i] ?? 0);
  return a;
}

/** The inverse of LLᵀ, symmetric, row-major. */
async function inverse(l: Float64Array, k: number, breathe: Regression['breathe']): Promise<Float64Array> {
  const out = new Float64Array(k * k);
  const unit = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    unit.fill(0)[j] = 1;
    out.set(solveCholesky(l, k, unit), j * k);
    await breathe?.();
  }
  return out;
}

/** A⁻¹ Σ_{c ∈ ones} e_c, by rows of the inverse. */
function solveOnes(inv: Float64Array, k: number, ones: Uint32Array): Float64Array {
  const out = new Float64Array(k);
  for (const c of ones) for (let i = 0, at = c * k; i < k; i++) out[i] += inv[at + i];
  return out;
}

/**
 * Minimises Σ_r weight_r (value_r − Σ columns)² + Σ penalty a², subject to the total where there is one, in float64. The contributions are the
 * sandwich estimate by pairs of rows with leverages taken off (MacKinnon and White 1985, HC3, clustered) and the finite-population factor.
 * @throws self-check where the normal matrix is not positive definite.
 */
export async function weightedRegression(regression: Regression): Promise<RegressionResult> {
  const { size, columns, values, weights, missing, total, breathe } = regression;
  const factor = await breathingCholesky(await normalMatrix(regression), size, breathe);
  const inv = await inverse(factor, size, breathe);
  const moments = new Float64Array(size);
  for (let r = 0; r < columns.length; r++) for (const c of columns[r]) moments[c] += weights[r] * values[r];
  const coefficients = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) coefficients[i] += inv[i * size + j] * moments[j];
  await breathe?.();
  const bound = total && createBound(inv, size, total.columns);
  bound?.(coefficients, total?.value ?? 0);

  const contributions = new Float64Array(Math.ceil(columns.length / 2) * size);
  for (let r = 0; r < columns.length; r++) {
    if (weights[r] === 0 || missing[r] === 0) continue;
    const solved = solveOnes(inv, size, columns[r]);
    let residual = values[r];
    let leverage = 0;
    for (const c of columns[r]) {
      residual -= coefficients[c];
      leverage += weights[r] * solved[c];
    }
    const factor = (weights[r] * residual * Math.sqrt(missing[r])) / Math.max(LEAST_SLACK, 1 - leverage);
    for (let i = 0, at = (r >> 1) * size; i < size; i++) contributions[at + i] += factor * solved[i];
    await breathe?.();
  }
  if (bound) for (let at = 0; at < contributions.length; at += size) bound(contributions.subarray(at, at + size), 0);
  return { coefficients, contributions };
}

/** Moves a vector to where its bound columns add up to `value`, by the least change in the metric of the normal matrix. */
function createBound(inv: Float64Array, size: number, bound: (column: number) => boolean): (vector: Float64Array, value: number) => void {
  const ones = Uint32Array.from(Array.from({ length: size }, (_, c) => c).filter(bound));
  const direction = solveOnes(inv, size, ones);
  const length = ones.reduce((sum, c) => sum + direction[c], 0);
  return (vector, value) => {
    const excess = (ones.reduce((sum, c) => sum + vector[c], 0) - value) / length;
    for (let i = 0; i < size; i++) vector[i] -= excess * direction[i];
  };
}
