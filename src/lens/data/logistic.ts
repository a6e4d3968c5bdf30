import type { Backend } from '../../compute/backend.ts';
import { padWidth } from '../../compute/program.ts';
import { WebspexError } from '../../core/errors.ts';
import { cholesky, solveCholesky } from '../../core/linalg.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import { createProduct, type Product, padRows, transpose } from './product.ts';

/** Examples as frozen features, and whether each is of the class that is explained. */
export interface LabelledFeatures {
  /** (count, width), row-major. */
  readonly features: Float32Array;
  readonly width: number;
  /** 1: of the class, 0: of another. */
  readonly labels: Uint8Array;
}

export interface LogisticOptions {
  /** Strength of the penalty l2 / 2 · ‖(w, b)‖²; default 1. */
  readonly l2?: number;
  /** Retrainings computed side by side; default 64. */
  readonly batch?: number;
}

/** Exact counters of the work done. */
export interface LogisticCounters {
  retrainings: number;
  newtonSteps: number;
  /** Products with the whole matrix of examples or of its curvature, each for one retraining. */
  products: number;
}

export interface LogisticTrainer {
  /** How many there are to train on. */
  readonly examples: number;
  /** Weights and, last, the bias (count, width + 1) of a head trained on the examples present in each mask. */
  train(masks: Masks, options?: { signal?: AbortSignal }): Promise<Float32Array>;
  readonly counters: Readonly<LogisticCounters>;
  destroy(): void;
}

/** Squared Newton decrement at which a head is trained: with l2 = 1 its weights are then within 1e-4 of the best ones. */
const TRAINED = 1e-8;
/** Where float32 lets the decrement fall no further, it must at least be below this. */
const GOOD_ENOUGH = 1e-5;
const MOST_STEPS = 40;
const MOST_TURNS = 60;
/** A step's equations are solved this well, relatively and squared: steps are few, and the last one starts nearly there. */
const SOLVED = 1e-4;
/** Masks keep about half of the examples; the curvature that steers the solver is that of half of them. */
const KEPT = 0.5;

/**
 * Trains an L2-penalised logistic regression, bias penalised too, once for each mask: Newton steps from the head of all examples, their
 * equations solved by conjugate gradients for a whole batch of masks at once, so that all the work is products with two matrices that stay
 * on the device. Deterministic; float32 on `wasm` and `webgpu`. @throws usage for examples that make no such task; what the backend throws.
 */
export async function createLogisticTrainer(
  data: LabelledFeatures,
  backend: Backend,
  { l2 = 1, batch = 64 }: LogisticOptions = {},
): Promise<LogisticTrainer> {
  checkData(data, l2);
  const n = data.labels.length;
  const width = data.width + 1;
  const sizes = { n, width, rows: padWidth(n), columns: padWidth(width) };
  const x = padRows(withOnes(data), width);
  const tall = new Float32Array(sizes.rows * sizes.columns);
  tall.set(x);
  const counters: LogisticCounters = { retrainings: 0, newtonSteps: 0, products: 0 };
  const steer = async (weights: Float64Array, share: number) => {
    const inverse = inverseCurvature(x, sizes, weights, share, l2);
    return createProduct(backend, inverse, sizes.columns, sizes.columns, batch);
  };
  const scores = await createProduct(backend, transpose(tall, sizes.rows, sizes.columns), sizes.columns, sizes.rows, batch);
  const gradient = await createProduct(backend, tall, sizes.rows, sizes.columns, batch);
  const task = { sizes, labels: data.labels, l2, counters, scores, gradient };
  const first = await steer(new Float64Array(width), 1);
  const everyone = new Uint8Array(n).fill(1);
  const start = new Float64Array(width);
  const whole = await solveBatch({ ...task, precondition: first }, [everyone], start);
  first.destroy();
  start.set(whole.subarray(0, width));
  const precondition = await steer(start, KEPT);
  const ready = { ...task, precondition };
  const lanes = Math.max(1, backend.limits.threads ?? 1);
  return {
    examples: n,
    counters,
    async train(masks, { signal } = {}) {
      if (masks.n !== n) throw new WebspexError('usage', `masks: expected ${n} players, got ${masks.n}; one for each training example`);
      const out = new Float32Array(masks.count * width);
      // As many batches under way as there are threads, and none needlessly small.
      const size = Math.min(batch, Math.max(1, Math.ceil(masks.count / lanes)));
      let next = 0;
      const lane = async () => {
        while (next < masks.count) {
          const from = next;
          next = Math.min(masks.count, from + size);
          const kept = Array.from({ length: next - from }, (_, i) => keptBy(masks, from + i));
          out.set(await solveBatch(ready, kept, start, signal), from * width);
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
      counters.retrainings += masks.count;
      return out;
    },
    destroy() {
      for (const product of [scores, gradient, precondition]) product.destroy();
    },
  };
}

function checkData({ features, width, labels }: LabelledFeatures, l2: number): void {
  const refuse = (what: string) => {
    throw new WebspexError('usage', what);
  };
  if (!(width >= 1) || features.length !== labels.length * width)
    refuse(`features: expected ${labels.length} rows of ${width} numbers, got ${features.length} numbers; give one row for each label`);
  if (labels.length === 0) refuse('labels: expected at least 1 training example, got none; give some');
  const bad = features.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) refuse(`features: expected finite numbers, got ${features[bad]} in row ${Math.floor(bad / width)}; check them`);
  const strange = labels.find((label) => label > 1);
  if (strange !== undefined) refuse(`labels: expected 0 or 1, got ${strange}; compare one class with the rest`);
  if (!(l2 > 0 && Number.isFinite(l2))) refuse(`l2: expected a number above 0, got ${l2}; 1 is usual`);
}

function withOnes({ features, width, labels }: LabelledFeatures): Float32Array {
  const out = new Float32Array(labels.length * (width + 1)).fill(1);
  for (let r = 0; r < labels.length; r++) out.set(features.subarray(r * width, (r + 1) * width), r * (width + 1));
  return out;
}

function keptBy(masks: Masks, r: number): Uint8Array {
  return Uint8Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? 1 : 0));
}

interface Sizes {
  readonly n: number;
  readonly width: number;
  /** n and width, padded. */
  readonly rows: number;
  readonly columns: number;
}

/** (share · Xᵀ D X + l2 · I)⁻¹ at these weights, padded, the padding 0; D = σ(1 − σ). */
function inverseCurvature(x: Float32Array, sizes: Sizes, weights: Float64Array, share: number, l2: number): Float32Array {
  const { n, width, columns } = sizes;
  const h = new Float64Array(width * width);
  for (let r = 0; r < n; r++) {
    const row = x.subarray(r * columns, r * columns + width);
    let score = 0;
    for (let c = 0; c < width; c++) score += row[c] * weights[c];
    const p = 1 / (1 + Math.exp(-score));
    const d = share * p * (1 - p);
    for (let i = 0; i < width; i++) {
      const di = d * row[i];
      for (let j = 0; j <= i; j++) h[i * width + j] += di * row[j];
    }
  }
  for (let i = 0; i < width; i++) h[i * width + i] += l2;
  const factor = cholesky(h, width);
  const out = new Float32Array(columns * columns);
  const unit = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    unit.fill(0);
    unit[i] = 1;
    out.set(solveCholesky(factor, width, unit), i * columns);
  }
  return out;
}

interface Task {
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
async function solveBatch(task: Task, kept: readonly Uint8Array[], start: Float64Array, signal?: AbortSignal): Promise<Float32Array> {
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

function softplus(v: number): number {
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
