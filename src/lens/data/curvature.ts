/** Where rows of numbers lie in one list. */
export interface Rows {
  readonly count: number;
  readonly width: number;
  /** Numbers from one row to the next; at least `width`. */
  readonly stride: number;
}

/** Xᵀ D X · share + l2 · I (width, width), lower half; D = σ(1 − σ) of the rows' scores under these weights. */
export function curvatureOf(
  x: Float32Array,
  { count, width, stride }: Rows,
  weights: ArrayLike<number>,
  l2: number,
  share = 1,
): Float64Array {
  const h = new Float64Array(width * width);
  for (let r = 0; r < count; r++) {
    const row = x.subarray(r * stride, r * stride + width);
    const p = sigmoid(dot(row, weights));
    const d = share * p * (1 - p);
    for (let i = 0; i < width; i++) {
      const di = d * row[i];
      for (let j = 0; j <= i; j++) h[i * width + j] += di * row[j];
    }
  }
  for (let i = 0; i < width; i++) h[i * width + i] += l2;
  return h;
}

export function sigmoid(v: number): number {
  return 1 / (1 + Math.exp(-v));
}

/** In float64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c];
  return sum;
}

/** Rows with a one behind each, for the bias. */
export function withOnes(features: Float32Array, width: number): Float32Array {
  const count = features.length / width;
  const out = new Float32Array(count * (width + 1)).fill(1);
  for (let r = 0; r < count; r++) out.set(features.subarray(r * width, (r + 1) * width), r * (width + 1));
  return out;
}
