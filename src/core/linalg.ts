import { WebspexError } from './errors.ts';

/**
 * Lower Cholesky factor of a symmetric positive definite k × k matrix (row-major; only the lower triangle is read).
 * @throws self-check where a pivot is not positive: the matrix is not positive definite in float64.
 */
export function cholesky(a: Float64Array, k: number): Float64Array {
  const l = new Float64Array(k * k);
  for (let i = 0; i < k; i++) factorRow(a, k, i, l);
  return l;
}

/** The same, with a breath after every row. */
export async function breathingCholesky(a: Float64Array, k: number, breathe?: () => Promise<void>): Promise<Float64Array> {
  const l = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    factorRow(a, k, i, l);
    await breathe?.();
  }
  return l;
}

function factorRow(a: Float64Array, k: number, i: number, l: Float64Array): void {
  for (let j = 0; j <= i; j++) {
    let sum = a[i * k + j];
    const ri = i * k;
    const rj = j * k;
    for (let p = 0; p < j; p++) sum -= l[ri + p] * l[rj + p];
    if (i !== j) l[ri + j] = sum / l[rj + j];
    else if (sum > 0) l[ri + i] = Math.sqrt(sum);
    else throw new WebspexError('self-check', `Cholesky: expected a positive pivot ${i} of ${k}, got ${sum}; strengthen the ridge`);
  }
}

/** Solves L x = b for a lower-triangular k × k factor. */
export function solveLower(l: Float64Array, k: number, b: Float64Array): Float64Array {
  const x = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    let sum = b[i];
    for (let p = 0; p < i; p++) sum -= l[i * k + p] * x[p];
    x[i] = sum / l[i * k + i];
  }
  return x;
}

/** Solves L Lᵀ x = b. */
export function solveCholesky(l: Float64Array, k: number, b: Float64Array): Float64Array {
  const x = solveLower(l, k, b);
  for (let i = k - 1; i >= 0; i--) {
    const xi = x[i] / l[i * k + i];
    x[i] = xi;
    for (let p = 0; p < i; p++) x[p] -= l[i * k + p] * xi;
  }
  return x;
}
