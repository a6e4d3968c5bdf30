// Cholesky factor and inverse of a symmetric size × size float64 matrix, a few rows at a time so that the caller can breathe in between; the
// size is a multiple of 4, addresses are bytes. Sums run over columns two by two in two lanes. Twin: src/gp/factor.ts.
const TILE = 4;
const sums = memory.data(8 * TILE * TILE, 16);

/** The dot products of rows a … a + 3 of `x` with rows b … b + 3 of `y` over columns from … to − 1, at 4i + j of `sums`. */
// @ts-expect-error: decorator
function dotTile(x: usize, a: i32, y: usize, b: i32, size: i32, from: i32, to: i32): void {
  const line = (<usize>size) << 3;
  const start = (<usize>from) << 3;
  const bytes = (<usize>(to - from)) << 3;
  const x0 = x + <usize>a * line + start;
  const x1 = x0 + line;
  const x2 = x1 + line;
  const x3 = x2 + line;
  for (let half: usize = 0; half < <usize>TILE; half += 2) {
    const y0 = y + (<usize>b + half) * line + start;
    const y1 = y0 + line;
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    let t0 = f64x2.splat(0);
    let t1 = f64x2.splat(0);
    let t2 = f64x2.splat(0);
    let t3 = f64x2.splat(0);
    for (let p: usize = 0; p < bytes; p += 16) {
      const v = v128.load(y0 + p);
      const w = v128.load(y1 + p);
      const c0 = v128.load(x0 + p);
      s0 = f64x2.add(s0, f64x2.mul(c0, v));
      t0 = f64x2.add(t0, f64x2.mul(c0, w));
      const c1 = v128.load(x1 + p);
      s1 = f64x2.add(s1, f64x2.mul(c1, v));
      t1 = f64x2.add(t1, f64x2.mul(c1, w));
      const c2 = v128.load(x2 + p);
      s2 = f64x2.add(s2, f64x2.mul(c2, v));
      t2 = f64x2.add(t2, f64x2.mul(c2, w));
      const c3 = v128.load(x3 + p);
      s3 = f64x2.add(s3, f64x2.mul(c3, v));
      t3 = f64x2.add(t3, f64x2.mul(c3, w));
    }
    const out = sums + (half << 3);
    store<f64>(out, both(s0));
    store<f64>(out + 8, both(t0));
    store<f64>(out + 32, both(s1));
    store<f64>(out + 40, both(t1));
    store<f64>(out + 64, both(s2));
    store<f64>(out + 72, both(t2));
    store<f64>(out + 96, both(s3));
    store<f64>(out + 104, both(t3));
  }
}

// @ts-expect-error: decorator
function both(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

// @ts-expect-error: decorator
function at(matrix: usize, size: i32, i: i32, j: i32): usize {
  return matrix + ((<usize>i * <usize>size + <usize>j) << 3);
}

// @ts-expect-error: decorator
function sumAt(i: i32, j: i32): f64 {
  return load<f64>(sums + ((<usize>(TILE * i + j)) << 3));
}

/** Rows i0 … i0 + 3 of the factor, in place of those of the matrix; those before them are done. 0 where it is not positive definite. */
export function factorRows(a: usize, size: i32, i0: i32): i32 {
  for (let j0 = 0; j0 <= i0; j0 += TILE) {
    dotTile(a, i0, a, j0, size, 0, j0);
    for (let i = i0; i < i0 + TILE; i++)
      for (let j = j0; j < j0 + TILE && j <= i; j++) {
        let sum = load<f64>(at(a, size, i, j)) - sumAt(i - i0, j - j0);
        for (let p = j0; p < j; p++) sum -= load<f64>(at(a, size, i, p)) * load<f64>(at(a, size, j, p));
        if (i !== j) store<f64>(at(a, size, i, j), sum / load<f64>(at(a, size, j, j)));
        else if (sum > 0) store<f64>(at(a, size, i, i), sqrt(sum));
        else return 0;
      }
  }
  return 1;
}

/** Rows i0 … i0 + 3 of L⁻ᵀ, from their diagonal on, into `work`. */
export function inverseRows(l: usize, size: i32, i0: i32, work: usize): void {
  for (let i = i0; i < i0 + TILE; i++) for (let j = i0; j < i0 + TILE; j++) store<f64>(at(work, size, i, j), 0);
  for (let p0 = i0; p0 < size; p0 += TILE) {
    dotTile(work, i0, l, p0, size, i0, p0);
    for (let i = i0; i < i0 + TILE; i++)
      for (let p = max(p0, i); p < p0 + TILE; p++) {
        let sum: f64 = (i === p ? 1 : 0) - sumAt(i - i0, p - p0);
        for (let k = max(p0, i); k < p; k++) sum -= load<f64>(at(l, size, p, k)) * load<f64>(at(work, size, i, k));
        store<f64>(at(work, size, i, p), sum / load<f64>(at(l, size, p, p)));
      }
  }
}

/** Rows i0 … i0 + 3 of L⁻ᵀL⁻¹ up to their diagonal, and the columns that mirror them, into `out`; all of L⁻ᵀ is in `work`. */
export function productRows(work: usize, size: i32, i0: i32, out: usize): void {
  for (let j0 = 0; j0 <= i0; j0 += TILE) {
    dotTile(work, i0, work, j0, size, i0, size);
    for (let i = 0; i < TILE; i++)
      for (let j = 0; j < TILE; j++) {
        store<f64>(at(out, size, i0 + i, j0 + j), sumAt(i, j));
        store<f64>(at(out, size, j0 + j, i0 + i), sumAt(i, j));
      }
  }
}
