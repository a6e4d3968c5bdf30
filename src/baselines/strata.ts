import { popcount } from '../core/bits.ts';
import { type Masks, maskStride } from '../core/masks.ts';
import { binomial } from '../core/sized.ts';

/** Number of players present in each mask. */
export function sizesOf(masks: Masks): Uint32Array {
  const stride = maskStride(masks.n);
  const out = new Uint32Array(masks.count);
  for (let w = 0; w < masks.words.length; w++) out[Math.floor(w / stride)] += popcount(masks.words[w]);
  return out;
}

/** For each mask, how much it stands for and how much of that is luck. */
export interface Strata {
  /** Mass of all masks of its size, shared among those that were drawn; 0 for sizes without mass. */
  readonly weights: Float64Array;
  /** Share of the masks of its size that were not drawn: 0 where all were, so that nothing about them is random. */
  readonly missing: Float64Array;
}

/** Post-stratification by size: whatever sizes were drawn how often, each size weighs `mass(s)` in all. */
export function stratify(masks: Masks, mass: (size: number) => number): Strata {
  const { n, count } = masks;
  const sizes = sizesOf(masks);
  const drawn = new Float64Array(n + 1);
  for (const s of sizes) drawn[s]++;
  const weights = new Float64Array(count);
  const missing = new Float64Array(count);
  for (let r = 0; r < count; r++) {
    const s = sizes[r];
    weights[r] = mass(s) / drawn[s];
    missing[r] = Math.max(0, 1 - drawn[s] / binomial(n, s));
  }
  return { weights, missing };
}
