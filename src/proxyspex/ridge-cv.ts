import { symmetricEigen } from '../core/eigen.ts';
import { type Masks, maskStride } from '../core/masks.ts';
import { columnWords, parityColumns } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';

/** Penalties 10^−6 … 10^6, a hundred of them, as scikit-learn's logspace. */
const PENALTIES = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + (12 * i) / 99));

/**
 * The penalty of least leave-one-out error of a ridge on these characters, no intercept beside them, every row's error in closed form: with
 * ZZᵀ = XXᵀ and ZᵀZ diagonal, the error of row r is (y − ŷ)_r / (1 − h_r), h_r = Σ_j z_rj²/(λ_j + α) (scikit-learn's RidgeCV).
 */
export async function leaveOneOutPenalty(
  masks: Masks,
  values: ArrayLike<number>,
  keys: Uint32Array,
  breathe?: () => Promise<void>,
): Promise<number> {
  const { scores, eigenvalues } = await rotated(masks, keys, breathe);
  const rows = masks.count;
  const size = eigenvalues.length;
  const moments = new Float64Array(size);
  for (let r = 0; r < rows; r++) for (let j = 0; j < size; j++) moments[j] += scores[r * size + j] * values[r];
  let best = PENALTIES[0];
  let least = Number.POSITIVE_INFINITY;
  for (const penalty of PENALTIES) {
    await breathe?.();
    const error = leaveOneOutError(scores, eigenvalues, moments, values, penalty);
    if (error < least) [least, best] = [error, penalty];
  }
  return best;
}

function leaveOneOutError(
  scores: Float64Array,
  eigenvalues: Float64Array,
  moments: Float64Array,
  values: ArrayLike<number>,
  penalty: number,
): number {
  const size = eigenvalues.length;
  const inverse = eigenvalues.map((l) => 1 / (Math.max(0, l) + penalty));
  const beta = moments.map((m, j) => m * inverse[j]);
  let error = 0;
  for (let r = 0; r < values.length; r++) {
    let fitted = 0;
    let leverage = 0;
    for (let j = 0, at = r * size; j < size; j++) {
      const z = scores[at + j];
      fitted += z * beta[j];
      leverage += z * z * inverse[j];
    }
    error += ((values[r] - fitted) / Math.max(1 - leverage, Number.EPSILON)) ** 2;
  }
  return error;
}

/** The characters turned to their principal axes (rows × m), from the smaller of XᵀX and XXᵀ, and the eigenvalues. */
async function rotated(masks: Masks, keys: Uint32Array, breathe?: () => Promise<void>) {
  const rows = masks.count;
  const size = keys.length / maskStride(masks.n);
  const columns = parityColumns(masks, keys);
  const width = columnWords(rows);
  const sign = (r: number, k: number) => ((columns[k * width + (r >> 5)] >>> (r & 31)) & 1 ? -1 : 1);
  if (size <= rows) {
    const { values: eigenvalues, vectors } = await symmetricEigen(parityGram(columns, rows), size, breathe);
    const scores = new Float64Array(rows * size);
    for (let r = 0; r < rows; r++) {
      if (r % 64 === 0) await breathe?.();
      const x = Float64Array.from({ length: size }, (_, k) => sign(r, k));
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0, at = j * size; k < size; k++) sum += x[k] * vectors[at + k];
        scores[r * size + j] = sum;
      }
    }
    return { scores, eigenvalues };
  }
  const kernel = new Float64Array(rows * rows);
  for (let k = 0; k < size; k++) {
    if (k % 16 === 0) await breathe?.();
    const x = Float64Array.from({ length: rows }, (_, r) => sign(r, k));
    for (let r = 0; r < rows; r++) for (let s = 0, at = r * rows; s < rows; s++) kernel[at + s] += x[r] * x[s];
  }
  const { values: eigenvalues, vectors } = await symmetricEigen(kernel, rows, breathe);
  const scores = new Float64Array(rows * rows);
  for (let j = 0; j < rows; j++) {
    const length = Math.sqrt(Math.max(0, eigenvalues[j]));
    for (let r = 0; r < rows; r++) scores[r * rows + j] = vectors[j * rows + r] * length;
  }
  return { scores, eigenvalues };
}
