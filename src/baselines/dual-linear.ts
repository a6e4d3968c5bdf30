import { popcount } from '../core/bits.ts';
import { isPresent, type Masks, maskStride } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { ridgePath } from '../core/ridge-path.ts';
import { pairFolds } from '../spectrum/cross-validate.ts';
import type { DecodeOptions, Fit, Functional, Posterior } from '../spectrum/spectrum.ts';

/** Random signs that the trace of an inverse is read from. */
const PROBES = 8;

/**
 * Ridge on a free ∅ and all single players where there are fewer masks than players: its coefficients are sums over masks, Xᵀα, so that what is
 * solved is one equation a mask (Saunders, Gammerman and Vovk 1998), and memory goes with the square of the masks.
 */
export async function dualLinear(
  masks: Masks,
  values: Float64Array,
  keys: Uint32Array,
  strengths: readonly number[],
  folds: number,
  { seed, breathe = async () => {} }: DecodeOptions,
): Promise<Fit> {
  const { n, count } = masks;
  const gram = await agreement(masks, breathe);
  const penalties = strengths.map((strength) => strength * count);
  const errors = new Float64Array(strengths.length);
  for (const unseen of pairFolds(count, folds, seed)) {
    const out = new Set(unseen);
    const rows = Array.from({ length: count }, (_, r) => r).filter((r) => !out.has(r));
    const path = await solvedRows(gram, { count, rows, values, penalties }, breathe);
    for (const [s, { alpha, constant }] of path.entries())
      for (const r of unseen) {
        let predicted = constant;
        for (let i = 0; i < rows.length; i++) predicted += gram[r * count + rows[i]] * alpha[i];
        errors[s] += (predicted - values[r]) ** 2 / count;
      }
  }
  const best = Math.max(0, errors.indexOf(Math.min(...errors)));
  const rows = Array.from({ length: count }, (_, r) => r);
  const [{ alpha, constant, trace }] = await solvedRows(gram, { count, rows, values, penalties: [penalties[best]], seed }, breathe);
  const coefficients = new Float64Array(n + 1);
  coefficients[0] = constant;
  for (let r = 0; r < count; r++) for (let i = 0; i < n; i++) coefficients[i + 1] += isPresent(masks, r, i) ? -alpha[r] : alpha[r];
  return {
    method: 'linear',
    spectrum: { n, keys, coefficients },
    factor: null,
    posterior: posteriorOf({ n, count, penalty: penalties[best], trace, error: errors[best] }),
  };
}

/** What any two masks have in common: players on which they agree, less those on which they do not. */
async function agreement({ n, count, words }: Masks, breathe: () => Promise<void>): Promise<Float64Array> {
  const stride = maskStride(n);
  const out = new Float64Array(count * count);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let apart = 0;
      for (let w = 0; w < stride; w++) apart += popcount(words[a * stride + w] ^ words[b * stride + w]);
      out[a * count + b] = n - 2 * apart;
      out[b * count + a] = n - 2 * apart;
    }
    await breathe();
  }
  return out;
}

interface Equations {
  readonly count: number;
  readonly rows: readonly number[];
  readonly values: Float64Array;
  readonly penalties: readonly number[];
  /** Where the trace of the inverse is wanted too. */
  readonly seed?: number;
}

/**
 * (K + penalty) α + constant = y over these rows for each penalty, with Σα = 0, which leaves the constant free: K and y are centred. The trace of
 * (K + penalty)⁻¹ of the first penalty comes from random signs (Hutchinson 1990), off by some 1/√(rows · PROBES) of itself.
 */
async function solvedRows(gram: Float64Array, { count, rows, values, penalties, seed }: Equations, breathe: () => Promise<void>) {
  const k = rows.length;
  const means = Float64Array.from(rows, (r) => rows.reduce((sum, c) => sum + gram[r * count + c], 0) / k);
  const middle = means.reduce((sum, v) => sum + v, 0) / k;
  // Unknown 0 of the path is free, and here it is nothing.
  const centred = new Float64Array((k + 1) ** 2);
  centred[0] = 1;
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) centred[(i + 1) * (k + 1) + j + 1] = gram[rows[i] * count + rows[j]] - means[i] - means[j] + middle;
  const weights = new Float64Array(k + 1).fill(1, 1);
  const solve = (right: ArrayLike<number>, all: readonly number[]) =>
    ridgePath(centred, k + 1, weights, all, Float64Array.from([0, ...Array.from(right)]), { breathe });
  const mean = rows.reduce((sum, r) => sum + values[r], 0) / k;
  const path = await solve(
    rows.map((r) => values[r] - mean),
    penalties,
  );
  let trace = 0;
  if (seed !== undefined) {
    const random = createRandom(seed, 12);
    for (let probe = 0; probe < PROBES; probe++) {
      const signs = Float64Array.from(rows, () => 2 * random.below(2) - 1);
      const [solved] = await solve(signs, penalties.slice(0, 1));
      trace += signs.reduce((sum, sign, i) => sum + sign * solved[i + 1], 0) / PROBES;
    }
  }
  return path.map((solved) => {
    const alpha = solved.subarray(1);
    return { alpha, constant: mean - alpha.reduce((sum, v, i) => sum + v * means[i], 0), trace };
  });
}

interface Size {
  readonly n: number;
  readonly count: number;
  readonly penalty: number;
  readonly trace: number;
  /** Mean square of what folds that had not seen a mask missed there. */
  readonly error: number;
}

/**
 * Ridge as a Bayesian fit: coefficients of variance σ²/penalty each, σ² set so that it expects the error that the folds found. Players are alike
 * under random masks: each is given the mean of their variances, 1 − tr(K(K + penalty)⁻¹)/n of what it was before.
 */
function posteriorOf({ n, count, penalty, trace, error }: Size): Posterior {
  const left = Math.max(1e-12, 1 - (count - penalty * trace) / n);
  const prior = error / (penalty + n * left);
  return {
    variances: async (functionals: readonly Functional[]) =>
      Float64Array.from(functionals, ({ members, byDegree }) => (members.length === 1 ? (byDegree[1] ?? 0) ** 2 * prior * left : 0)),
    error: Math.max(error, Number.MIN_VALUE),
    left: 0,
    count,
  };
}
