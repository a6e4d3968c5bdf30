import { isPaired, isPresent, type Masks, pickMasks } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { ridgePath } from '../core/ridge-path.ts';
import { pairFolds } from '../spectrum/cross-validate.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import type { DecodeOptions, Fit, Functional, Posterior } from '../spectrum/spectrum.ts';

/** Random signs that the trace of an inverse is read from, and the relative residual that is enough for it. */
const PROBES = 8;
const ROUGH = 1e-4;
/** Relative residual that is enough to choose a strength by, and to explain by; steps at most. */
const CHOOSING = 1e-6;
const EXPLAINING = 1e-12;
const MOST_STEPS = 500;

/**
 * Ridge on a free ∅ and all single players where there are fewer masks than players: its coefficients are sums over masks, Xᵀα, so that what is
 * solved is one equation a mask (Saunders, Gammerman and Vovk 1998), or one a pair where all masks come in complementary pairs, and memory goes
 * with the square of the equations.
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
  const equations = equationsOf(masks, values);
  await breathe();
  const all = Array.from(equations.targets.keys());
  const penalties = strengths.map((strength) => strength * count);
  const errors = new Float64Array(strengths.length);
  for (const fold of pairFolds(count, folds, seed)) {
    const unseen = equations.paired ? fold.filter((r) => r % 2 === 0).map((r) => r / 2) : fold;
    const out = new Set(unseen);
    const rows = all.filter((e) => !out.has(e));
    const system = systemOf(equations, rows);
    await breathe();
    const path = await solved(system, penalties, breathe, CHOOSING);
    for (const [s, alpha] of path.entries()) {
      const constant = constantOf(system, alpha);
      for (const e of unseen) errors[s] += missed(equations, e, predictionOf(equations, rows, alpha, e), constant) / count;
    }
    await breathe();
  }
  const best = Math.max(0, errors.indexOf(Math.min(...errors)));
  const system = systemOf(equations, all);
  const [alpha] = await solved(system, [penalties[best]], breathe, EXPLAINING);
  const coefficients = new Float64Array(n + 1);
  coefficients[0] = constantOf(system, alpha);
  for (const e of all) for (let i = 0; i < n; i++) coefficients[i + 1] += isPresent(equations.masks, e, i) ? -alpha[e] : alpha[e];
  return {
    method: 'linear',
    spectrum: { n, keys, coefficients },
    factor: null,
    posterior: posteriorOf(system, { n, count, penalty: penalties[best], error: errors[best], seed }),
  };
}

/**
 * Σ_r (y_r − b − x_r·c)² over masks as one over equations. A pair x, −x is (y − y′)²/2 of the difference, which knows no b, and the mean of the
 * two, which knows no c: two equal equations of half the difference.
 */
interface Equations {
  readonly paired: boolean;
  /** One mask an equation: of a pair its first. */
  readonly masks: Masks;
  /** Of any two, the players on which they agree, less those on which they do not. */
  readonly gram: Float64Array;
  /** Values, or half the differences of the two of a pair. */
  readonly targets: Float64Array;
  /** Values, or the means of the two of a pair. */
  readonly levels: Float64Array;
}

function equationsOf(masks: Masks, values: Float64Array): Equations {
  const paired = isPaired(masks);
  const pairs = Array.from({ length: masks.count >> 1 }, (_, p) => 2 * p);
  const own = paired ? pickMasks(masks, pairs) : masks;
  return {
    paired,
    masks: own,
    gram: parityGram(own.words, masks.n),
    targets: paired ? Float64Array.from(pairs, (r) => (values[r] - values[r + 1]) / 2) : values,
    levels: paired ? Float64Array.from(pairs, (r) => (values[r] + values[r + 1]) / 2) : values,
  };
}

/** (K + penalty) α = y over some equations, the constant taken out. */
interface System {
  /** K as `ridgePath` takes it: unknown 0, which is free, is alone and 0. */
  readonly matrix: Float64Array;
  readonly right: Float64Array;
  /** The constant is this less Σ means·α. */
  readonly level: number;
  readonly means: Float64Array;
  /** Masks that an equation stands for. */
  readonly each: number;
}

/** Masks need Σα = 0, which leaves the constant free: K and y are centred. Pairs have it apart. */
function systemOf({ paired, gram, targets, levels }: Equations, rows: readonly number[]): System {
  const k = rows.length;
  const count = targets.length;
  const level = rows.reduce((sum, e) => sum + levels[e], 0) / k;
  const means = new Float64Array(k);
  if (!paired) for (let i = 0; i < k; i++) for (let j = 0, at = rows[i] * count; j < k; j++) means[i] += gram[at + rows[j]] / k;
  const middle = means.reduce((sum, v) => sum + v, 0) / k;
  const matrix = new Float64Array((k + 1) ** 2);
  matrix[0] = 1;
  for (let i = 0; i < k; i++)
    for (let j = 0, at = rows[i] * count, to = (i + 1) * (k + 1) + 1; j < k; j++)
      matrix[to + j] = gram[at + rows[j]] - means[i] - means[j] + middle;
  return { matrix, right: Float64Array.from(rows, (e) => targets[e] - (paired ? 0 : level)), level, means, each: paired ? 2 : 1 };
}

/** α for each penalty, which is on the sum over masks. */
async function solved(
  { matrix, right, each }: Pick<System, 'matrix' | 'right' | 'each'>,
  penalties: readonly number[],
  breathe: () => Promise<void>,
  tolerance: number,
): Promise<Float64Array[]> {
  const size = right.length + 1;
  const weights = new Float64Array(size).fill(1, 1);
  const given = new Float64Array(size);
  given.set(right, 1);
  const strengths = penalties.map((penalty) => penalty / each);
  const path = await ridgePath(matrix, size, weights, strengths, given, { most: MOST_STEPS, tolerance, breathe });
  return path.map((x) => x.subarray(1));
}

function constantOf({ level, means }: System, alpha: Float64Array): number {
  return level - alpha.reduce((sum, v, i) => sum + v * means[i], 0);
}

/** x·c at the mask of an equation. */
function predictionOf({ gram, targets }: Equations, rows: readonly number[], alpha: Float64Array, e: number): number {
  let sum = 0;
  for (let i = 0, at = e * targets.length; i < rows.length; i++) sum += gram[at + rows[i]] * alpha[i];
  return sum;
}

/** Squared error at the masks of an equation. */
function missed({ paired, targets, levels }: Equations, e: number, predicted: number, constant: number): number {
  return paired ? 2 * (predicted - targets[e]) ** 2 + 2 * (constant - levels[e]) ** 2 : (constant + predicted - targets[e]) ** 2;
}

interface Size {
  readonly n: number;
  readonly count: number;
  readonly penalty: number;
  /** Mean square of what folds that had not seen a mask missed there. */
  readonly error: number;
  readonly seed: number;
}

/**
 * Ridge as a Bayesian fit: coefficients of variance σ²/penalty each, σ² set so that it expects the error that the folds found. Players are alike
 * under random masks: each is given the mean of their variances, 1 − tr(K(K + penalty)⁻¹)/n of what it was before.
 */
function posteriorOf(system: System, { n, count, penalty, error, seed }: Size): Posterior {
  return {
    async variances(functionals: readonly Functional[], breathe = async () => {}) {
      const left = Math.max(1e-12, 1 - (await effectiveEquations(system, penalty, seed, breathe)) / n);
      const prior = error / (penalty + n * left);
      return Float64Array.from(functionals, ({ members, byDegree }) => (members.length === 1 ? (byDegree[1] ?? 0) ** 2 * prior * left : 0));
    },
    error: Math.max(error, Number.MIN_VALUE),
    left: 0,
    count,
  };
}

/** tr(K(K + penalty)⁻¹) from random signs (Hutchinson 1990): the trace of the inverse is off by some 1/√(equations · PROBES) of itself. */
async function effectiveEquations(system: System, penalty: number, seed: number, breathe: () => Promise<void>): Promise<number> {
  const { right, each } = system;
  const random = createRandom(seed, 12);
  let trace = 0;
  for (let probe = 0; probe < PROBES; probe++) {
    const signs = Float64Array.from(right, () => 2 * random.below(2) - 1);
    const [x] = await solved({ ...system, right: signs }, [penalty], breathe, ROUGH);
    trace += signs.reduce((sum, sign, i) => sum + sign * x[i], 0) / PROBES;
  }
  return right.length - (penalty / each) * trace;
}
