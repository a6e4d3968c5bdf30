import type { Backend } from '../../compute/backend.ts';
import { padWidth } from '../../compute/program.ts';
import { WebspexError } from '../../core/errors.ts';
import { cholesky, solveCholesky } from '../../core/linalg.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import { curvatureOf, withOnes } from './curvature.ts';
import { type LogisticCounters, type Sizes, trainHead } from './newton.ts';
import { createProduct, padRows, transpose } from './product.ts';
import { trainTogether } from './together.ts';

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
  /** Retrainings computed side by side for each thread; default 64. */
  readonly batch?: number;
}

export interface LogisticTrainer {
  /** Weights and, last, the bias of the head trained on all examples. */
  readonly whole: Float32Array;
  /** Weights and, last, the bias (count, width + 1) of a head trained on the examples present in each mask. */
  train(masks: Masks, options?: { signal?: AbortSignal }): Promise<Float32Array>;
  readonly counters: Readonly<LogisticCounters>;
  destroy(): void;
}

/** Masks keep about half of the examples; the curvature that steers the solver is that of half of them. */
const KEPT = 0.5;

/**
 * Trains an L2-penalised logistic regression, bias penalised too, once for each mask: Newton steps from the head of all examples, their
 * equations solved by conjugate gradients for many masks at once, so that all the work is products with matrices that stay on the device. Deterministic; float32 on `wasm` and `webgpu`. @throws usage for examples that make no such task; what the backend throws.
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
  const x = padRows(withOnes(data.features, data.width), width);
  const tall = new Float32Array(sizes.rows * sizes.columns);
  tall.set(x);
  const counters: LogisticCounters = { retrainings: 0, newtonSteps: 0, products: 0 };
  const steer = async (weights: Float64Array, share: number) => {
    const inverse = inverseCurvature(x, sizes, weights, share, l2);
    return createProduct(backend, inverse, sizes.columns, sizes.columns, batch);
  };
  const scores = await createProduct(backend, transpose(tall, sizes.rows, sizes.columns), sizes.columns, sizes.rows, batch);
  const gradient = await createProduct(backend, tall, sizes.rows, sizes.columns, batch);
  const task = { sizes, labels: data.labels, l2, counters };
  const first = await steer(new Float64Array(width), 1);
  const everyone = new Uint8Array(n).fill(1);
  const start = new Float64Array(width);
  const alone = [trainHead(task, everyone, start)];
  const [whole] = await trainTogether({ scores, gradient, precondition: first }, alone.values(), 1, counters);
  first.destroy();
  start.set(whole);
  const precondition = await steer(start, KEPT);
  const products = { scores, gradient, precondition };
  const lanes = Math.max(1, backend.limits.threads ?? 1);
  return {
    whole,
    counters,
    async train(masks, { signal } = {}) {
      if (masks.n !== n) throw new WebspexError('usage', `masks: expected ${n} players, got ${masks.n}; one for each training example`);
      const out = new Float32Array(masks.count * width);
      // Each thread has its own masks whatever the clock says, so that the same masks meet in the same products.
      const lane = async (_: unknown, k: number) => {
        const from = Math.floor((masks.count * k) / lanes);
        const to = Math.floor((masks.count * (k + 1)) / lanes);
        function* heads() {
          for (let r = from; r < to; r++) yield trainHead(task, keptBy(masks, r), start);
        }
        const trained = await trainTogether(products, heads(), batch, counters, signal);
        trained.forEach((head, i) => {
          out.set(head, (from + i) * width);
        });
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

function keptBy(masks: Masks, r: number): Uint8Array {
  return Uint8Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? 1 : 0));
}

/** (share · Xᵀ D X + l2 · I)⁻¹ at these weights, padded, the padding 0; D = σ(1 − σ). */
function inverseCurvature(x: Float32Array, sizes: Sizes, weights: Float64Array, share: number, l2: number): Float32Array {
  const { n, width, columns } = sizes;
  const h = curvatureOf(x, { count: n, width, stride: columns }, weights, l2, share);
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
