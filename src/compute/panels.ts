/** Columns of a panel. */
export const PANEL = 8;

/**
 * Where element (k, n) of a (K, N) matrix lies once it is laid out in panels of eight columns, so that a product reads its weights
 * front to back. K and N are multiples of 8.
 */
export function panelIndex(K: number, k: number, n: number): number {
  return ((n >> 3) * K + k) * PANEL + (n & 7);
}

/** A (K, N) row-major matrix in panels. */
export function packPanels(matrix: ArrayLike<number>, K: number, N: number): Float32Array {
  const out = new Float32Array(K * N);
  for (let k = 0; k < K; k++) for (let n = 0; n < N; n++) out[panelIndex(K, k, n)] = matrix[k * N + n];
  return out;
}
