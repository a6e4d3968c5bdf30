import { cholesky } from '../core/linalg.ts';
import type { Masks } from '../core/masks.ts';
import { ridgePath } from '../core/ridge-path.ts';
import { parityColumns, parityMoments } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import { ridgeRefit } from '../spectrum/refit.ts';
import { evaluateSpectrum, type Fit, type Spectrum } from '../spectrum/spectrum.ts';
import { keysOfTerms, rankTerms, type TreeTerms } from './trees.ts';

/**
 * How a tree spectrum becomes a sparse one. `keep`: that many terms beside ∅, or those that hold 95 % of the energy. `weigh`: `trees` leaves
 * the coefficients as the trees have them; `ridge` re-estimates them with one strength; `scaled` with a strength in inverse proportion
 * to |coefficient in the trees| (a prior that what the trees found large is large). `strength` is a share of the number of rows.
 */
export interface Refinement {
  readonly keep: number | '95%';
  readonly weigh: 'trees' | 'ridge' | 'scaled';
  readonly strength: number;
}

const SIZES = [5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400];
const STRENGTHS = { ridge: [1e-3, 0.03, 0.3], scaled: [3e-3, 0.03, 0.3] } as const;
/** A refit on more terms than this share of the rows collapses. */
const MOST_SHARE = 0.6;
/** Relative residual at which a candidate refit is good enough to be compared. */
const ENOUGH = 1e-4;
/** Standard errors of unrefitted trees come from a ridge of this share of the rows on the same support. */
const TREE_STRENGTH = 0.1;

/** Candidates worth trying on so many rows. */
export function refinements(rows: number): Refinement[] {
  const most = Math.max(1, Math.floor(MOST_SHARE * rows));
  const sizes: (number | '95%')[] = [...SIZES.filter((k) => k <= most), '95%'];
  const out: Refinement[] = [{ keep: SIZES[SIZES.length - 1], weigh: 'trees', strength: TREE_STRENGTH }];
  for (const keep of sizes)
    for (const weigh of ['ridge', 'scaled'] as const) for (const strength of STRENGTHS[weigh]) out.push({ keep, weigh, strength });
  return out;
}

/** Terms of a refinement in rank order, ∅ first. */
function supportOf(terms: TreeTerms, ranked: Uint32Array, keep: Refinement['keep'], rows: number): Uint32Array {
  if (keep !== '95%') return ranked.subarray(0, Math.min(ranked.length, keep + 1));
  let energy = 0;
  for (let k = 1; k < ranked.length; k++) energy += terms.coefficients[ranked[k]] ** 2;
  let sum = 0;
  let size = 1;
  while (size < ranked.length && sum < 0.95 * energy) sum += terms.coefficients[ranked[size++]] ** 2;
  return ranked.subarray(0, Math.min(size, 1 + Math.floor(MOST_SHARE * rows), 1 + SIZES[SIZES.length - 1]));
}

/** One penalty a term; ∅ is free. */
function penaltiesOf(
  terms: TreeTerms,
  support: Uint32Array,
  { weigh, strength }: Pick<Refinement, 'weigh' | 'strength'>,
  rows: number,
): Float64Array {
  const out = new Float64Array(support.length).fill(strength * rows);
  out[0] = 0;
  if (weigh !== 'scaled' || support.length < 2) return out;
  let mean = 0;
  for (let k = 1; k < support.length; k++) mean += Math.abs(terms.coefficients[support[k]]) / (support.length - 1);
  for (let k = 1; k < support.length; k++)
    out[k] *= mean / Math.max(Math.abs(terms.coefficients[support[k]]), 1e-6 * mean, Number.MIN_VALUE);
  return out;
}

/** What grading every refinement of one fold costs is shared: one Gram matrix of the largest support. */
export interface FoldGrader {
  /** Squared error over the unseen rows. */
  error(refinement: Refinement): Promise<number>;
}

/** Grades refinements of trees that saw only `seen`, on rows that neither the trees nor the refit have seen. */
export function gradeFold(
  terms: TreeTerms,
  seen: { masks: Masks; values: ArrayLike<number> },
  unseen: { masks: Masks; values: ArrayLike<number> },
  breathe?: () => Promise<void>,
): FoldGrader {
  const ranked = rankTerms(terms);
  const rows = seen.masks.count;
  const n = seen.masks.n;
  const largest = ranked.subarray(0, Math.min(ranked.length, 1 + SIZES[SIZES.length - 1]));
  const keys = keysOfTerms(terms, largest, n);
  const columns = parityColumns(seen.masks, keys);
  const gram = parityGram(columns, rows);
  const moments = parityMoments(columns, rows, seen.values);
  const stride = keys.length / largest.length;
  const paths = new Map<string, Promise<Float64Array[]>>();
  /** All strengths of a support and a way to weigh it are solved at once. */
  const weighed = async (support: Uint32Array, { keep, weigh, strength }: Refinement): Promise<Float64Array> => {
    if (weigh === 'trees') return Float64Array.from(support, (k) => terms.coefficients[k]);
    const size = support.length;
    const key = `${weigh} ${keep}`;
    const path = paths.get(key) ?? solve(support, weigh);
    paths.set(key, path);
    return (await path)[STRENGTHS[weigh].indexOf(strength as never)].subarray(0, size);
  };
  const solve = (support: Uint32Array, weigh: 'ridge' | 'scaled') => {
    const size = support.length;
    const part = new Float64Array(size * size);
    for (let i = 0; i < size; i++) part.set(gram.subarray(i * largest.length, i * largest.length + size), i * size);
    const weights = penaltiesOf(terms, support, { weigh, strength: 1 }, rows);
    return ridgePath(part, size, weights, STRENGTHS[weigh], moments.slice(0, size), { most: 60, tolerance: ENOUGH, breathe });
  };
  return {
    async error(refinement) {
      const support = supportOf(terms, ranked, refinement.keep, rows);
      const size = support.length;
      const coefficients = await weighed(support, refinement);
      const predicted = evaluateSpectrum({ n, keys: keys.subarray(0, size * stride), coefficients }, unseen.masks);
      let error = 0;
      for (let r = 0; r < predicted.length; r++) error += (predicted[r] - unseen.values[r]) ** 2;
      return error;
    },
  };
}

/** The chosen refinement on all rows. */
export function refine(terms: TreeTerms, masks: Masks, values: ArrayLike<number>, refinement: Refinement): Fit {
  const support = supportOf(terms, rankTerms(terms), refinement.keep, masks.count);
  const keys = keysOfTerms(terms, support, masks.n);
  const penalties = penaltiesOf(terms, support, refinement, masks.count);
  if (refinement.weigh !== 'trees') return { method: 'proxyspex', ...ridgeRefit(masks, values, keys, penalties) };
  const spectrum: Spectrum = { n: masks.n, keys, coefficients: Float64Array.from(support, (k) => terms.coefficients[k]) };
  const normal = parityGram(parityColumns(masks, keys), masks.count);
  for (let k = 0; k < support.length; k++) normal[k * support.length + k] += penalties[k];
  return { method: 'proxyspex', spectrum, factor: cholesky(normal, support.length) };
}
