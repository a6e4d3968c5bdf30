/**
 * Normal equations of a least-squares problem whose characters are nearly orthogonal: XᵀX by rows, in which only the places listed are not
 * 0, Xᵀy, yᵀy and the number of rows of X.
 */
export interface Normal {
  readonly gram: Float64Array;
  readonly moments: Float64Array;
  readonly energy: number;
  readonly rows: number;
}

/** Where the Gram matrix may differ from 0: columns of row k are `columns[starts[k]]` … `columns[starts[k + 1] − 1]`, the diagonal among them. */
export interface Pattern {
  readonly size: number;
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
}

/** A regression in parts that can be left out one at a time. */
export interface Problem {
  readonly pattern: Pattern;
  readonly folds: number;
  /** The normal equations of one fold's rows. */
  part(fold: number): Normal;
}

/** The paper's path: 100 strengths down to a thousandth of the one at which nothing is left; further only while the error keeps falling. */
const STEPS_A_DECADE = 33;
const PAPER_STEPS = 100;
const MOST_STEPS = 240;
/** A fold ends after so many steps without a new least error, beyond the paper's path after fewer. */
const PATIENCE = 12;
const LATE_PATIENCE = 3;
/** Sweeps of coordinate descent end when no coefficient moves by this share of the strength. */
const CONVERGED = 1e-3;
const MOST_SWEEPS = 200;

/** The strength of a step, as a share of the strongest. */
const strengthAt = (step: number) => 10 ** (-step / STEPS_A_DECADE);

function added(a: Float64Array, b: Float64Array, sign: 1 | -1): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = a[i] + sign * b[i];
  return out;
}

function combine(a: Normal, b: Normal, sign: 1 | -1): Normal {
  return {
    gram: added(a.gram, b.gram, sign),
    moments: added(a.moments, b.moments, sign),
    energy: a.energy + sign * b.energy,
    rows: a.rows + sign * b.rows,
  };
}

/** Coordinate descent for min ‖y − Xβ‖²/2 + threshold·Σ_{k>0}|β_k|, from where β is; coefficient 0 (∅) is free. `slack` is Xᵀ(y − Xβ), kept up to date. */
async function descend(
  { starts, columns, size }: Pattern,
  { gram }: Normal,
  threshold: number,
  beta: Float64Array,
  slack: Float64Array,
  diagonal: Float64Array,
  tolerance: number,
  breathe?: () => Promise<void>,
): Promise<void> {
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let largest = 0;
    for (let k = 0; k < size; k++) {
      if (diagonal[k] === 0) continue;
      const aim = slack[k] + diagonal[k] * beta[k];
      const limit = k === 0 ? 0 : threshold;
      const next = aim > limit ? (aim - limit) / diagonal[k] : aim < -limit ? (aim + limit) / diagonal[k] : 0;
      const change = next - beta[k];
      if (change === 0) continue;
      beta[k] = next;
      for (let e = starts[k]; e < starts[k + 1]; e++) slack[columns[e]] -= gram[e] * change;
      largest = Math.max(largest, Math.abs(change));
    }
    await breathe?.();
    if (largest <= tolerance) return;
  }
}

function diagonalOf({ starts, columns, size }: Pattern, gram: Float64Array): Float64Array {
  const out = new Float64Array(size);
  for (let k = 0; k < size; k++) for (let e = starts[k]; e < starts[k + 1]; e++) if (columns[e] === k) out[k] = gram[e];
  return out;
}

/** ‖y − Xβ‖² over the rows of a normal matrix. */
function squaredError({ starts, columns, size }: Pattern, { gram, moments, energy }: Normal, beta: Float64Array): number {
  let error = energy;
  for (let k = 0; k < size; k++) {
    if (beta[k] === 0) continue;
    let sum = -2 * moments[k];
    for (let e = starts[k]; e < starts[k + 1]; e++) sum += gram[e] * beta[columns[e]];
    error += beta[k] * sum;
  }
  return error;
}

/** The strongest useful threshold, a share of the rows: there every coefficient but ∅ is 0. */
function strongest({ moments, rows }: Normal): number {
  let most = 0;
  for (let k = 1; k < moments.length; k++) most = Math.max(most, Math.abs(moments[k]));
  return rows > 0 ? most / rows : 0;
}

/** Walks down the path of one regression, warm from step to step, and shows the coefficients at each; ends where `seen` says so. */
async function walk(
  pattern: Pattern,
  normal: Normal,
  top: number,
  seen: (step: number, beta: Float64Array) => boolean,
  breathe?: () => Promise<void>,
): Promise<void> {
  const beta = new Float64Array(pattern.size);
  const slack = Float64Array.from(normal.moments);
  const diagonal = diagonalOf(pattern, normal.gram);
  for (let step = 0; step < MOST_STEPS; step++) {
    const share = strengthAt(step) * top;
    await descend(pattern, normal, share * normal.rows, beta, slack, diagonal, CONVERGED * share, breathe);
    if (!seen(step, beta)) return;
    await breathe?.();
  }
}

/** Coefficients, and the normal equations of all rows. */
export interface Lasso {
  readonly beta: Float64Array;
  readonly whole: Normal;
}

/** Coefficients by the LASSO, its strength chosen by cross-validation over the problem's folds; coefficient 0 is not penalised. */
export async function crossValidatedLasso(problem: Problem, breathe?: () => Promise<void>): Promise<Lasso> {
  const { pattern, folds } = problem;
  const parts: Normal[] = [];
  for (let f = 0; f < folds; f++) {
    parts.push(problem.part(f));
    await breathe?.();
  }
  let whole = parts[0];
  for (const part of parts.slice(1)) {
    whole = combine(whole, part, 1);
    await breathe?.();
  }
  const top = strongest(whole);
  if (!(top > 0)) return { beta: Float64Array.from(whole.moments, (m, k) => (k === 0 ? m / whole.rows : 0)), whole };
  const errors = new Float64Array(MOST_STEPS);
  for (const part of parts) {
    const rest = combine(whole, part, -1);
    await breathe?.();
    let least = Number.POSITIVE_INFINITY;
    let leastAt = 0;
    let last = 0;
    await walk(
      pattern,
      rest,
      top,
      (step, beta) => {
        last = squaredError(pattern, part, beta);
        errors[step] += last;
        if (last < least) [least, leastAt] = [last, step];
        if (step - leastAt < (step < PAPER_STEPS ? PATIENCE : LATE_PATIENCE)) return true;
        // Weaker ones would be no better for this fold: they count as bad as the last.
        for (let rest = step + 1; rest < MOST_STEPS; rest++) errors[rest] += last;
        return false;
      },
      breathe,
    );
  }
  const best = errors.indexOf(Math.min(...errors));
  let chosen: Float64Array = new Float64Array(pattern.size);
  await walk(
    pattern,
    whole,
    top,
    (step, beta) => {
      chosen = beta;
      return step < best;
    },
    breathe,
  );
  return { beta: chosen, whole };
}
