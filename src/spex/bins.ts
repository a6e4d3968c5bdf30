import { fwht } from '../spectrum/fwht.ts';
import type { Code } from './code.ts';
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

/** Bins from the values of the plan's masks (in their order), for the plan's own b or a stage's smaller one. */
export function fillBins(plan: SpexPlan, values: ArrayLike<number>, b = plan.b): Bins {
  const delays = plan.code.p + 1;
  const size = 2 ** b;
  const out = new Float64Array(plan.groups.length * size * delays);
  const slice = new Float64Array(size);
  for (let c = 0; c < plan.groups.length; c++)
    for (let i = 0; i < delays; i++) {
      for (let l = 0; l < size; l++) slice[l] = values[plan.rows[(c * 2 ** plan.b + l) * delays + i]];
      fwht(slice);
      for (let j = 0; j < size; j++) out[(c * size + j) * delays + i] = slice[j] / size;
    }
  return { b, delays, values: out };
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
