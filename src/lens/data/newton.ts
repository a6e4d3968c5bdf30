import { WebspexError } from '../../core/errors.ts';
import type { Product } from './product.ts';

/** Squared Newton decrement at which a head is trained: with l2 = 1 its weights are then within 1e-4 of the best ones. */
const TRAINED = 1e-8;
/** Where float32 lets the decrement fall no further, it must at least be below this. */
const GOOD_ENOUGH = 1e-5;
const MOST_STEPS = 40;
const MOST_TURNS = 60;
/** A step's equations are solved this well, relatively and squared: steps are few, and the last one starts nearly there. */
const SOLVED = 1e-4;
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

/** One training task, on the device. */
export interface Task {
  readonly sizes: Sizes;
  readonly labels: Uint8Array;
  readonly l2: number;
  readonly counters: LogisticCounters;
  /** Weights → scores of all examples; residuals of all examples → weights; gradient → step. */
  readonly scores: Product;
  readonly gradient: Product;
  readonly precondition: Product;
}

/** The weights (count, width) of one head for each list of kept examples. */
export async function solveBatch(
  task: Task,
  kept: readonly Uint8Array[],
  start: Float64Array,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { n, width, rows, columns } = task.sizes;
  const { labels, l2 } = task;
  const count = kept.length;
  const product = async (by: Product, input: Float32Array) => {
    task.counters.products += count;
    return by.times(input, count, signal);
  };
  const w = new Float32Array(count * columns);
  for (let b = 0; b < count; b++) w.set(start, b * columns);
  const residual = new Float32Array(count * rows);
  const curvature = new Float32Array(count * rows);
  const loss = new Float64Array(count);
  const open = new Uint8Array(count).fill(1);
  const before = new Float64Array(count).fill(Number.POSITIVE_INFINITY);

  for (let step = 0; ; step++) {
    const s = await product(task.scores, w);
    for (let b = 0; b < count; b++) {
      let sum = penalty(w, b * columns, width, l2);
      for (let i = 0; i < n; i++) {
        const at = b * rows + i;
        const p = 1 / (1 + Math.exp(-s[at]));
        residual[at] = kept[b][i] === 0 ? 0 : p - labels[i];
        curvature[at] = kept[b][i] * p * (1 - p);
        if (kept[b][i] === 1) sum += softplus(labels[i] === 1 ? -s[at] : s[at]);
      }
      loss[b] = sum;
    }
    const g = await product(task.gradient, residual);
    for (let b = 0; b < count; b++) for (let c = 0; c < width; c++) g[b * columns + c] += l2 * w[b * columns + c];
    const { d, xd, slope } = await newtonDirection(task, { product, curvature, g, open });
    for (let b = 0; b < count; b++) {
      if (open[b] === 0) continue;
      const decrement = -slope[b];
      const stuck = decrement >= before[b] / 4 || step === MOST_STEPS;
      if (decrement <= TRAINED || (stuck && decrement <= GOOD_ENOUGH)) open[b] = 0;
      else if (step === MOST_STEPS)
        throw new WebspexError(
          'self-check',
          `training: expected a squared Newton decrement of at most ${GOOD_ENOUGH}, got ${decrement} after ${step} steps; raise l2`,
        );
      before[b] = decrement;
      task.counters.newtonSteps++;
      const t = stepLength(task, kept[b], { w, d, s, xd, b, loss: loss[b], slope: slope[b] });
      for (let c = 0; c < width; c++) w[b * columns + c] += t * d[b * columns + c];
    }
    if (!open.includes(1)) break;
  }
  const out = new Float32Array(count * width);
  for (let b = 0; b < count; b++) out.set(w.subarray(b * columns, b * columns + width), b * width);
  return out;
}

function penalty(w: Float32Array, at: number, width: number, l2: number): number {
  let squares = 0;
  for (let c = 0; c < width; c++) squares += w[at + c] ** 2;
  return (l2 / 2) * squares;
}

/** ln(1 + eˣ). */
export function softplus(v: number): number {
  return v > 0 ? v + Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v));
}

interface Direction {
  /** Steps (count, columns), what they do to the scores (count, rows), and the slope of the loss along them. */
  readonly d: Float32Array;
  readonly xd: Float32Array;
  readonly slope: Float64Array;
}

interface Equations {
  readonly product: (by: Product, input: Float32Array) => Promise<Float32Array>;
  readonly curvature: Float32Array;
  readonly g: Float32Array;
  readonly open: Uint8Array;
}

/** Solves (Xᵀ D X + l2) d = −g for every open member of a batch by preconditioned conjugate gradients, in step with one another. */
async function newtonDirection(
  { sizes, l2, scores, gradient, precondition }: Task,
  { product, curvature, g, open }: Equations,
): Promise<Direction> {
  const { rows, columns } = sizes;
  const count = open.length;
  const d = new Float32Array(count * columns);
  const xd = new Float32Array(count * rows);
  const r = g.map((v) => -v);
  let z = await product(precondition, r);
  const p = Float32Array.from(z);
  const rz = dots(r, z, count, columns);
  const enough = rz.map((v) => v * SOLVED);
  const active = Uint8Array.from(open, (o, b) => (o === 1 && rz[b] > 0 ? 1 : 0));
  for (let turn = 0; turn < MOST_TURNS && active.includes(1); turn++) {
    const xp = await product(scores, p);
    const q = await product(
      gradient,
      Float32Array.from(xp, (v, i) => v * curvature[i]),
    );
    for (let i = 0; i < q.length; i++) q[i] += l2 * p[i];
    const pq = dots(p, q, count, columns);
    for (let b = 0; b < count; b++) {
      if (active[b] === 0 || !(pq[b] > 0)) continue;
      const alpha = rz[b] / pq[b];
      for (let c = b * columns; c < (b + 1) * columns; c++) {
        d[c] += alpha * p[c];
        r[c] -= alpha * q[c];
      }
      for (let i = b * rows; i < (b + 1) * rows; i++) xd[i] += alpha * xp[i];
    }
    z = await product(precondition, r);
    const next = dots(r, z, count, columns);
    for (let b = 0; b < count; b++) {
      if (active[b] === 0) continue;
      if (!(pq[b] > 0) || next[b] <= enough[b]) {
        active[b] = 0;
        continue;
      }
      const beta = next[b] / rz[b];
      for (let c = b * columns; c < (b + 1) * columns; c++) p[c] = z[c] + beta * p[c];
      rz[b] = next[b];
    }
  }
  return { d, xd, slope: dots(g, d, count, columns) };
}

/** One dot product of float32 rows for each member of a batch, summed in float64. */
function dots(a: Float32Array, b: Float32Array, count: number, columns: number): Float64Array {
  const out = new Float64Array(count);
  for (let m = 0; m < count; m++) {
    let sum = 0;
    for (let c = m * columns; c < (m + 1) * columns; c++) sum += a[c] * b[c];
    out[m] = sum;
  }
  return out;
}

interface Line {
  readonly w: Float32Array;
  readonly d: Float32Array;
  readonly s: Float32Array;
  readonly xd: Float32Array;
  readonly b: number;
  readonly loss: number;
  readonly slope: number;
}

/** 1, halved until the loss falls as its slope promises; scores are linear in the step, so no product is needed. */
function stepLength({ sizes, labels, l2 }: Task, kept: Uint8Array, { w, d, s, xd, b, loss, slope }: Line): number {
  const { n, width, rows, columns } = sizes;
  // Near the end the loss moves by less than float64 can tell of a sum this large, and the whole step is right.
  if (-slope < 1e-6) return 1;
  for (let t = 1; t > 1e-6; t /= 2) {
    let squares = 0;
    for (let c = b * columns; c < b * columns + width; c++) squares += (w[c] + t * d[c]) ** 2;
    let sum = (l2 / 2) * squares;
    for (let i = 0; i < n; i++) {
      if (kept[i] === 0) continue;
      const score = s[b * rows + i] + t * xd[b * rows + i];
      sum += softplus(labels[i] === 1 ? -score : score);
    }
    if (sum <= loss + 1e-4 * t * slope) return t;
  }
  return 0;
}
