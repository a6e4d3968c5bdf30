import { WebspexError } from './errors.ts';

/** Eigenvalues, and eigenvectors as rows: `vectors[j * k + i]` is entry i of the vector of `values[j]`. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** A tridiagonal matrix and the reflections that made it. */
interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i couples i and i + 1. */
  readonly beside: Float64Array;
  /** Unit vectors w of the reflections I − 2wwᵀ, in the order in which they were applied; row i touches entries above i. */
  readonly reflections: Float64Array;
}

/** Steps of one eigenvalue after which something is wrong: two or three are usual. */
const MOST_STEPS = 60;
/** Columns between two breaths. */
const BREATH = 32;

/**
 * All eigenvalues and vectors of a symmetric k × k matrix (row-major): Householder's reflections to tridiagonal form, then implicit QL
 * (Golub and Van Loan, 8.3), about 9k³ operations. @throws self-check where QL does not converge.
 */
export async function symmetricEigen(a: Float64Array, k: number, breathe?: () => Promise<void>): Promise<Eigen> {
  const tridiagonal = await reduce(Float64Array.from(a), k, breathe);
  const vectors = new Float64Array(k * k);
  for (let i = 0; i < k; i++) vectors[i * k + i] = 1;
  const values = await implicitQl(tridiagonal, vectors, k, breathe);
  await reflectBack(vectors, tridiagonal.reflections, k, breathe);
  return { values, vectors };
}

async function reduce(a: Float64Array, k: number, breathe?: () => Promise<void>): Promise<Tridiagonal> {
  const diagonal = new Float64Array(k);
  const beside = new Float64Array(k);
  const reflections = new Float64Array(k * k);
  const p = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    diagonal[i] = a[i * k + i];
    if (i % BREATH === 0) await breathe?.();
    if (i + 1 >= k) break;
    const w = reflections.subarray(i * k, (i + 1) * k);
    let norm = 0;
    for (let j = i + 1; j < k; j++) norm += a[j * k + i] ** 2;
    norm = Math.sqrt(norm);
    beside[i] = norm > 0 ? (a[(i + 1) * k + i] > 0 ? -norm : norm) : 0;
    if (norm === 0) continue;
    for (let j = i + 1; j < k; j++) w[j] = a[j * k + i];
    w[i + 1] -= beside[i];
    const size = Math.hypot(w[i + 1], Math.sqrt(Math.max(0, norm * norm - a[(i + 1) * k + i] ** 2)));
    for (let j = i + 1; j < k; j++) w[j] /= size;
    // A ← (I − 2wwᵀ) A (I − 2wwᵀ) = A − w qᵀ − q wᵀ with q = 2(Aw − w·wᵀAw).
    let wp = 0;
    for (let r = i + 1; r < k; r++) {
      let sum = 0;
      for (let j = i + 1, at = r * k; j < k; j++) sum += a[at + j] * w[j];
      p[r] = sum;
      wp += sum * w[r];
    }
    for (let r = i + 1; r < k; r++) p[r] = 2 * (p[r] - wp * w[r]);
    for (let r = i + 1; r < k; r++) for (let j = i + 1, at = r * k; j < k; j++) a[at + j] -= w[r] * p[j] + p[r] * w[j];
  }
  return { diagonal, beside, reflections };
}

/** Diagonalises in place; rotations are applied to the rows of `vectors`. */
async function implicitQl({ diagonal: d, beside }: Tridiagonal, vectors: Float64Array, k: number, breathe?: () => Promise<void>) {
  const e = Float64Array.from(beside);
  for (let l = 0; l < k; l++) {
    if (l % BREATH === 0) await breathe?.();
    for (let step = 0; ; step++) {
      let m = l;
      while (m + 1 < k && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      if (step >= MOST_STEPS)
        throw new WebspexError('self-check', `eigenvalues: expected QL to converge in ${MOST_STEPS} steps, got no end; report the matrix`);
      sweep(d, e, vectors, k, l, m);
    }
  }
  return d;
}

/** One implicit QL step with Wilkinson's shift on rows l … m. */
function sweep(d: Float64Array, e: Float64Array, vectors: Float64Array, k: number, l: number, m: number): void {
  let g = (d[l + 1] - d[l]) / (2 * e[l]);
  g = d[m] - d[l] + e[l] / (g + (g >= 0 ? 1 : -1) * Math.hypot(g, 1));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    for (let j = 0, low = i * k, high = (i + 1) * k; j < k; j++) {
      const v = vectors[high + j];
      vectors[high + j] = s * vectors[low + j] + c * v;
      vectors[low + j] = c * vectors[low + j] - s * v;
    }
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

/** Vectors of the tridiagonal matrix to those of the full one: the reflections, last first. */
async function reflectBack(vectors: Float64Array, reflections: Float64Array, k: number, breathe?: () => Promise<void>): Promise<void> {
  for (let i = k - 2; i >= 0; i--) {
    if (i % BREATH === 0) await breathe?.();
    const w = reflections.subarray(i * k, (i + 1) * k);
    for (let r = 0; r < k; r++) {
      let sum = 0;
      for (let j = i + 1, at = r * k; j < k; j++) sum += vectors[at + j] * w[j];
      sum *= 2;
      for (let j = i + 1, at = r * k; j < k; j++) vectors[at + j] -= sum * w[j];
    }
  }
}
