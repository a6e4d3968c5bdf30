/** Matrices are padded to whole tiles of this many rows, with the identity, so that no loop has edges. */
export const TILE = 4;

/** Row length of a padded k × k matrix. */
export function padded(k: number): number {
  return Math.ceil(k / TILE) * TILE;
}

/**
 * Cholesky factor and inverse of a padded symmetric matrix, a tile of rows at a time, so that the caller can breathe in between. Matrices are
 * size × size and those of one `Matrices`.
 */
export interface Factoriser {
  /** Rows i0 … i0 + 3 of the factor, in place of those of the lower triangle; false where the matrix is not positive definite in float64. */
  factorRows(a: Float64Array, i0: number): boolean;
  /** Rows i0 … i0 + 3 of L⁻ᵀ, from their diagonal on. */
  inverseRows(l: Float64Array, i0: number, work: Float64Array): void;
  /** Rows i0 … i0 + 3 of L⁻ᵀL⁻¹ up to their diagonal, and the columns that mirror them, from all of L⁻ᵀ. */
  productRows(work: Float64Array, i0: number, out: Float64Array): void;
}

/**
 * The 16 dot products of rows a … a + 3 of `x` with rows b … b + 3 of `y` over columns from … to − 1: out[4i + j]. Columns of even and of odd
 * place are added up apart, as two lanes do; one row of `y` at a time, so that eight sums stay in registers.
 */
function dotTile(x: Float64Array, a: number, y: Float64Array, b: number, stride: number, from: number, to: number, out: Float64Array) {
  const x0 = a * stride;
  const x1 = x0 + stride;
  const x2 = x1 + stride;
  const x3 = x2 + stride;
  for (let j = 0; j < TILE; j++) {
    let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
    const y0 = (b + j) * stride;
    for (let p = from; p < to; p += 2) {
      const v = y[y0 + p];
      const w = y[y0 + p + 1];
      s0 += x[x0 + p] * v;
      t0 += x[x0 + p + 1] * w;
      s1 += x[x1 + p] * v;
      t1 += x[x1 + p + 1] * w;
      s2 += x[x2 + p] * v;
      t2 += x[x2 + p + 1] * w;
      s3 += x[x3 + p] * v;
      t3 += x[x3 + p + 1] * w;
    }
    out[j] = s0 + t0;
    out[j + 4] = s1 + t1;
    out[j + 8] = s2 + t2;
    out[j + 12] = s3 + t3;
  }
}

/** The twin of src/compute/wasm/solvers/factor.ts. */
export function plainFactoriser(size: number): Factoriser {
  const sums = new Float64Array(TILE * TILE);
  return {
    factorRows(a, i0) {
      for (let j0 = 0; j0 <= i0; j0 += TILE) {
        dotTile(a, i0, a, j0, size, 0, j0, sums);
        for (let i = i0; i < i0 + TILE; i++)
          for (let j = j0; j < j0 + TILE && j <= i; j++) {
            let sum = a[i * size + j] - sums[TILE * (i - i0) + j - j0];
            for (let p = j0; p < j; p++) sum -= a[i * size + p] * a[j * size + p];
            if (i !== j) a[i * size + j] = sum / a[j * size + j];
            else if (sum > 0) a[i * size + i] = Math.sqrt(sum);
            else return false;
          }
      }
      return true;
    },
    inverseRows(l, i0, work) {
      for (let i = i0; i < i0 + TILE; i++) work.fill(0, i * size + i0, i * size + i0 + TILE);
      for (let p0 = i0; p0 < size; p0 += TILE) {
        dotTile(work, i0, l, p0, size, i0, p0, sums);
        for (let i = i0; i < i0 + TILE; i++)
          for (let p = Math.max(p0, i); p < p0 + TILE; p++) {
            let sum = (i === p ? 1 : 0) - sums[TILE * (i - i0) + p - p0];
            for (let k = Math.max(p0, i); k < p; k++) sum -= l[p * size + k] * work[i * size + k];
            work[i * size + p] = sum / l[p * size + p];
          }
      }
    },
    productRows(work, i0, out) {
      for (let j0 = 0; j0 <= i0; j0 += TILE) {
        dotTile(work, i0, work, j0, size, i0, size, sums);
        for (let i = 0; i < TILE; i++)
          for (let j = 0; j < TILE; j++) out[(i0 + i) * size + j0 + j] = out[(j0 + j) * size + i0 + i] = sums[TILE * i + j];
      }
    },
  };
}

/** Σ ln of the diagonal: half the log-determinant of the matrix whose factor it is. */
export function halfLogDeterminant(l: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += Math.log(l[i * size + i]);
  return sum;
}

/** ‖L⁻¹v‖² = vᵀ(LLᵀ)⁻¹v. */
export function solvedSquare(l: Float64Array, v: Float64Array): number {
  const size = v.length;
  const out = new Float64Array(size);
  let square = 0;
  for (let i = 0; i < size; i++) {
    out[i] = (v[i] - dotFrom(l, i * size, out, i)) / l[i * size + i];
    square += out[i] * out[i];
  }
  return square;
}

/** A symmetric matrix times a vector. */
export function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  return Float64Array.from({ length: size }, (_, i) => dotFrom(matrix, i * size, vector, size));
}

/** vᵀMv of a symmetric matrix, whose lower triangle is read. */
export function quadratic(matrix: Float64Array, v: Float64Array): number {
  const size = v.length;
  let sum = 0;
  for (let i = 0; i < size; i++) sum += v[i] * (2 * dotFrom(matrix, i * size, v, i) + matrix[i * size + i] * v[i]);
  return sum;
}

/** Σ a[at + j]·x[j] of the first `count` entries, in four sums that do not wait for one another. */
function dotFrom(a: Float64Array, at: number, x: Float64Array, count: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  const whole = count & ~3;
  for (let j = 0; j < whole; j += 4) {
    s += a[at + j] * x[j];
    t += a[at + j + 1] * x[j + 1];
    u += a[at + j + 2] * x[j + 2];
    v += a[at + j + 3] * x[j + 3];
  }
  for (let j = whole; j < count; j++) s += a[at + j] * x[j];
  return s + t + (u + v);
}
