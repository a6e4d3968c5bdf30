import { fwhtRows } from '../spectrum/fwht.ts';
import type { Code } from './code.ts';
import { fromDigits, type Grid, toDigits } from './digits.ts';
import type { SpexPlan } from './plan.ts';

/**
 * The aliased bins of every group: U_c(j) = 2^{−b} Σ_ℓ (−1)^⟨j,ℓ⟩ f(M_c ℓ + delay) = Σ_{k: M_cᵀk = j} (−1)^⟨delay,k⟩ F(k), one number for each
 * delay. `values` is groups × 2^b × (p + 1), float64.
 */
export interface Bins {
  readonly b: number;
  readonly delays: number;
  readonly values: Float64Array;
}

/** Transforms rows of `size` float32 numbers, a power of two, unnormalised, into new memory. */
export type BatchTransform = (rows: Float32Array, size: number) => Promise<Float32Array>;

/** Bins from the values of the plan's masks (in their order), for the plan's own b or a stage's smaller one. */
export function fillBins(plan: SpexPlan, values: ArrayLike<number>, b = plan.b): Bins {
  return binsOf(plan, fwhtRows(rowsOf(plan, values, b), 2 ** b), b);
}

/** As `fillBins`, by a transform in float32, bit for bit: numbers on a grid are transformed digit by digit. */
export async function fillBinsBy(transform: BatchTransform, plan: SpexPlan, { step, values }: Grid, b = plan.b): Promise<Bins> {
  const sums = await transform(toDigits(rowsOf(plan, values, b), step), 2 ** b);
  return binsOf(plan, fromDigits(sums, step), b);
}

/** Groups × delays rows of the values at M_c ℓ + delay for each ℓ. */
function rowsOf({ code, groups, rows, b: most }: SpexPlan, values: ArrayLike<number>, b: number): Float64Array {
  const delays = code.p + 1;
  const size = 2 ** b;
  const out = new Float64Array(groups.length * delays * size);
  for (let c = 0; c < groups.length; c++)
    for (let i = 0; i < delays; i++)
      for (let l = 0; l < size; l++) out[(c * delays + i) * size + l] = values[rows[(c * 2 ** most + l) * delays + i]];
  return out;
}

/** The bins of transformed rows. */
function binsOf({ code, groups }: SpexPlan, rows: Float64Array, b: number): Bins {
  const delays = code.p + 1;
  const size = 2 ** b;
  const values = new Float64Array(rows.length);
  for (let c = 0; c < groups.length; c++)
    for (let i = 0; i < delays; i++)
      for (let j = 0; j < size; j++) values[(c * size + j) * delays + i] = rows[(c * delays + i) * size + j] / size;
  return { b, delays, values };
}

/** A frequency as SPEX sees it: its sign at every delay (bit i is 1 where (−1)^⟨delay i, k⟩ = −1), and its bin in every group. */
export interface Trace {
  readonly members: readonly number[];
  readonly signature: Uint32Array;
  readonly bins: readonly number[];
}

/** Where a frequency shows itself. */
export function traceOf(code: Code, groups: readonly Uint32Array[], b: number, members: readonly number[]): Trace {
  const { width, signatures } = code;
  const signature = new Uint32Array(width);
  for (const j of members) for (let w = 0; w < width; w++) signature[w] ^= signatures[j * width + w];
  const below = 2 ** b - 1;
  return { members, signature, bins: groups.map((rows) => members.reduce((bin, j) => bin ^ rows[j], 0) & below) };
}

/** Σ_i ±U_i over the delays, with the signs of a signature: (p + 1) times the coefficient of a frequency that is alone. */
export function projection(values: Float64Array, at: number, delays: number, signature: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < delays; i++) sum += (signature[i >> 5] >>> (i & 31)) & 1 ? -values[at + i] : values[at + i];
  return sum;
}
