import { WebspexError } from '../../core/errors.ts';
import { newtonDirection } from './direction.ts';
import type { Product } from './product.ts';

/** Squared Newton decrement at which a head is trained: with l2 = 1 its weights are then within 1e-4 of the best ones. */
const TRAINED = 1e-8;
/** Where float32 lets the decrement fall no further, it must at least be below this. */
const GOOD_ENOUGH = 1e-5;
const MOST_STEPS = 40;
/**
 * How well a step's equations are solved, relatively and squared: roughly while steps are long, and the better the shorter they get, as the
 * error that a whole step leaves falls as fast (inexact Newton: Eisenstat and Walker 1996).
 */
const SOLVED = { least: 0.1, most: 1e-4, perDecrement: 0.01 };

/** Exact counters of the work done. */
export interface LogisticCounters {
  retrainings: number;
  newtonSteps: number;
  /** Products with the whole matrix of examples or of its curvature, each for one retraining. */
  products: number;
}

/** Examples and features with the column of ones, as they are and padded. */
export interface Sizes {
  readonly n: number;
  readonly width: number;
  /** n and width, padded. */
  readonly rows: number;
  readonly columns: number;
}

/** One training task. */
export interface Task {
  readonly sizes: Sizes;
  readonly labels: Uint8Array;
  readonly l2: number;
  readonly counters: LogisticCounters;
}

/** Weights → scores of all examples; residuals of all examples → weights; gradient → step. */
export type Products = Readonly<Record<'scores' | 'gradient' | 'precondition', Product>>;

/** A product that a head in training needs before it goes on; what it gets holds until it asks again, and is its own. */
export interface Ask {
  readonly by: keyof Products;
  readonly vector: Float32Array;
}

/** Asks for products until it returns the weights and, last, the bias. */
export type Training = Generator<Ask, Float32Array, Float32Array>;

/** Trains the head of the kept examples from these weights by Newton steps. `kept`: 1 where an example is present, else 0. */
export function* trainHead(task: Task, kept: Uint8Array, start: Float64Array): Training {
  const { sizes, labels, l2, counters } = task;
  const { n, width, rows, columns } = sizes;
  const w = new Float32Array(columns);
  w.set(start);
  const s = new Float32Array(rows);
  const residual = new Float32Array(rows);
  const curvature = new Float32Array(rows);
  let before = Number.POSITIVE_INFINITY;
  for (let step = 0; ; step++) {
    s.set(yield { by: 'scores', vector: w });
    let loss = penalty(w, l2);
    for (let i = 0; i < n; i++) {
      if (kept[i] === 0) continue;
      const p = 1 / (1 + Math.exp(-s[i]));
      residual[i] = p - labels[i];
      curvature[i] = p * (1 - p);
      loss += softplus(labels[i] === 1 ? -s[i] : s[i]);
    }
    const g = (yield { by: 'gradient', vector: residual }).slice();
    for (let c = 0; c < width; c++) g[c] += l2 * w[c];
    const relative = Math.min(SOLVED.least, Math.max(SOLVED.most, SOLVED.perDecrement * before));
    // Nowhere is the loss less curved than l2, so a squared gradient below this leaves no more than a quarter of what counts as trained.
    const absolute = (l2 * TRAINED) / 4;
    const { d, xd, slope } = yield* newtonDirection(task, curvature, g, { relative, absolute });
    const decrement = -slope;
    const stuck = decrement >= before / 4 || step === MOST_STEPS;
    const done = decrement <= TRAINED || (stuck && decrement <= GOOD_ENOUGH);
    if (!done && step === MOST_STEPS)
      throw new WebspexError(
        'self-check',
        `training: expected a squared Newton decrement of at most ${GOOD_ENOUGH}, got ${decrement} after ${step} steps; raise l2`,
      );
    before = decrement;
    counters.newtonSteps++;
    const t = stepLength(task, kept, { w, d, s, xd, loss, slope });
    for (let c = 0; c < width; c++) w[c] += t * d[c];
    if (done) return w.slice(0, width);
  }
}

function penalty(w: Float32Array, l2: number): number {
  let squares = 0;
  for (const v of w) squares += v * v;
  return (l2 / 2) * squares;
}

/** ln(1 + eˣ). */
export function softplus(v: number): number {
  return v > 0 ? v + Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v));
}

interface Line {
  readonly w: Float32Array;
  readonly d: Float32Array;
  readonly s: Float32Array;
  readonly xd: Float32Array;
  readonly loss: number;
  readonly slope: number;
}

/** 1, halved until the loss falls as its slope promises; scores are linear in the step, so no product is needed. */
function stepLength({ sizes, labels, l2 }: Task, kept: Uint8Array, { w, d, s, xd, loss, slope }: Line): number {
  // Near the end the loss moves by less than float64 can tell of a sum this large, and the whole step is right.
  if (-slope < 1e-6) return 1;
  for (let t = 1; t > 1e-6; t /= 2) {
    let squares = 0;
    for (let c = 0; c < sizes.width; c++) squares += (w[c] + t * d[c]) ** 2;
    let sum = (l2 / 2) * squares;
    for (let i = 0; i < sizes.n; i++) {
      if (kept[i] === 0) continue;
      const score = s[i] + t * xd[i];
      sum += softplus(labels[i] === 1 ? -score : score);
    }
    if (sum <= loss + 1e-4 * t * slope) return t;
  }
  return 0;
}
