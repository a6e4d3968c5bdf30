import { cholesky, solveCholesky } from '../core/linalg.ts';
import { type Masks, pickMasks } from '../core/masks.ts';
import { binomial, setsOf } from '../core/sized.ts';
import { pairFolds, rowsOutside } from '../spectrum/cross-validate.ts';
import { bernoulli } from '../spectrum/rational.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { ends } from './kernelshap.ts';
import { type PolynomialBasis, polynomialBasis, polynomialFit } from './polynomial.ts';
import { sizesOf } from './strata.ts';

/** Weight of a constraint in the regression, and the relative ridge that keeps it positive definite. */
const CONSTRAINT = 1e8;
const JITTER = 1e-14;
/** Groups of pairs that are left out in turn for the standard errors. */
const GROUPS = 20;

/** Σ_{l=1}^{k} C(k, l) B_{r−l}: what an interaction of r players adds to a mask that holds k of them (Fumagalli et al. 2024, Definition 3.1). */
function share(held: number, size: number): number {
  let sum = 0;
  for (let l = 1; l <= held; l++) sum += binomial(held, l) * bernoulli(size - l);
  return sum;
}

/** Columns of the sets of one size over the rows: rows × sets, row-major. */
function designOf(masks: Masks, sets: readonly (readonly number[])[], size: number): Float64Array {
  const shares = Array.from({ length: size + 1 }, (_, held) => share(held, size));
  return overSets(masks, sets, (held) => shares[held]);
}

function overSets(masks: Masks, sets: readonly (readonly number[])[], value: (held: number, row: number) => number): Float64Array {
  const stride = Math.ceil(masks.n / 32);
  const out = new Float64Array(masks.count * sets.length);
  for (let r = 0; r < masks.count; r++)
    for (let s = 0; s < sets.length; s++) {
      let held = 0;
      for (const i of sets[s]) held += (masks.words[r * stride + (i >> 5)] >>> (i & 31)) & 1;
      out[r * sets.length + s] = value(held, r);
    }
  return out;
}

function solveWeighted(design: Float64Array, columns: number, weights: Float64Array, y: Float64Array): Float64Array {
  const a = new Float64Array(columns * columns);
  const b = new Float64Array(columns);
  for (let r = 0; r < y.length; r++) {
    const row = design.subarray(r * columns, (r + 1) * columns);
    for (let i = 0; i < columns; i++) {
      const w = weights[r] * row[i];
      if (w === 0) continue;
      b[i] += w * y[r];
      for (let j = 0, at = i * columns; j <= i; j++) a[at + j] += w * row[j];
    }
  }
  let trace = 0;
  for (let i = 0; i < columns; i++) trace += a[i * columns + i];
  for (let i = 0; i < columns; i++) a[i * columns + i] += (JITTER * trace) / columns;
  return solveCholesky(cholesky(a, columns), columns, b);
}

/** Kernel of interactions of r players on one mask of s, times how many masks each drawn one of its size stands for. */
function weightsOf(sizes: Uint32Array, n: number, r: number): Float64Array {
  const drawn = new Float64Array(n + 1);
  for (const s of sizes) drawn[s]++;
  return Float64Array.from(sizes, (s) => {
    const kernel = s < r || s > n - r ? CONSTRAINT : 1 / ((n - 2 * r + 1) * binomial(n - 2 * r, s - r));
    return (kernel * binomial(n, s)) / drawn[s];
  });
}

/** SII of all sets of the basis, ∅ (the value of the empty mask) first. */
function shapleyInteractions(masks: Masks, values: ArrayLike<number>, basis: PolynomialBasis): Float64Array {
  const { n } = masks;
  const sizes = sizesOf(masks);
  const empty = values[sizes.indexOf(0)];
  const residual = Float64Array.from(values, (v) => v - empty);
  const out = new Float64Array(basis.sets.length);
  out[0] = empty;
  let at = 1;
  const order = basis.sets[basis.sets.length - 1].length;
  for (let r = 1; r <= order; r++) {
    const sets = setsOf(n, r);
    const design = designOf(masks, sets, r);
    const border = (s: number) => s < r || s > n - r;
    const inner = r > 2 ? residual.map((v, row) => (border(sizes[row]) ? 0 : v)) : residual;
    const found = solveWeighted(design, sets.length, weightsOf(sizes, n, r), inner);
    if (r > 2) addBorder(found, masks, sets, residual, sizes, border);
    for (let row = 0; row < residual.length; row++)
      for (let s = 0; s < sets.length; s++) residual[row] -= design[row * sets.length + s] * found[s];
    out.set(found, at);
    at += sets.length;
  }
  return out;
}

/** What masks of the smallest and largest sizes add to each SII by its definition. */
function addBorder(
  found: Float64Array,
  masks: Masks,
  sets: readonly (readonly number[])[],
  residual: Float64Array,
  sizes: Uint32Array,
  border: (size: number) => boolean,
): void {
  const { n } = masks;
  const rows = Array.from({ length: masks.count }, (_, r) => r).filter((r) => border(sizes[r]));
  const r = sets[0].length;
  const weights = overSets(pickMasks(masks, rows), sets, (held, row) => {
    const others = sizes[rows[row]] - held;
    return (-1) ** (r - held) / ((n - r + 1) * binomial(n - r, others));
  });
  for (const [i, row] of rows.entries()) for (let s = 0; s < sets.length; s++) found[s] += weights[i * sets.length + s] * residual[row];
}

/** k-SII from SII: Σ_{S ⊇ T} B_{|S|−|T|} SII(S) (Bordt and von Luxburg 2023); ∅ stays the value of the empty mask. */
function aggregate(basis: PolynomialBasis, sii: Float64Array): Float64Array {
  const place = new Map(basis.sets.map((set, i) => [set.join(), i]));
  const out = new Float64Array(sii.length);
  for (const [s, set] of basis.sets.entries())
    for (let bits = 1; bits < 2 ** set.length; bits++) {
      const subset = set.filter((_, i) => (bits >> i) & 1);
      out[place.get(subset.join()) as number] += bernoulli(set.length - subset.length) * sii[s];
    }
  out[0] = sii[0];
  return out;
}

/**
 * KernelSHAP-IQ (Fumagalli et al. 2024, Algorithm 1): SII order by order, each regressed on what the lower ones leave, then k-SII, whose
 * polynomial is the explanation. Exact where every mask was evaluated. Standard errors leave out groups of pairs in turn (jackknife).
 * @throws usage where masks and values do not match or an end is missing, non-finite where a value is not a number.
 */
export async function kernelshapIq(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { inner } = ends(masks, values);
  const basis = polynomialBasis(masks.n, options.order ?? 2);
  const size = basis.sets.length;
  const estimate = (rows: readonly number[]) =>
    aggregate(
      basis,
      shapleyInteractions(
        pickMasks(masks, rows),
        Float64Array.from(rows, (r) => values[r]),
        basis,
      ),
    );
  const all = estimate(Array.from({ length: masks.count }, (_, r) => r));
  const missing = Math.max(0, 1 - masks.count / 2 ** masks.n);
  const folds = missing > 0 ? pairFolds(masks.count, GROUPS, options.seed) : [];
  const contributions = new Float64Array(folds.length * size);
  const free = new Set(inner);
  for (const [g, fold] of folds.entries()) {
    const left = fold.filter((r) => free.has(r));
    const without = estimate(rowsOutside(left, masks.count));
    const scale = Math.sqrt((missing * (folds.length - 1)) / folds.length);
    for (let i = 0; i < size; i++) contributions[g * size + i] = scale * (without[i] - all[i]);
    await options.breathe?.();
  }
  return polynomialFit('kernelshap-iq', basis, all, contributions);
}
