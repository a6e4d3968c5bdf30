import { WebspexError } from '../core/errors.ts';
import { createMasks, type Masks, maskKey, maskStride } from '../core/masks.ts';
import { MAX_EXHAUSTIVE_PLAYERS } from '../core/sample.ts';
import type { Decoder } from '../spectrum/spectrum.ts';
import { LEAST_BITS, LEAST_ERRORS, planSpex, type SpexPlan, spexQueries } from '../spex/plan.ts';
import { spex } from '../spex/spex.ts';
import type { Plan } from './plan.ts';
import { doublingLooks, MOST_HELD_OUT_PAIRS, pairsBeside } from './rows.ts';

/** Up to so many players SPEX is looked at before its first stage is complete: by then single players can be weighed, and at little cost. */
const EARLY_PLAYERS = 256;
/** Fewer held-out pairs than this grade nothing: where SPEX leaves fewer masks unasked, all of them are asked and transformed. */
const LEAST_HELD_OUT_PAIRS = 8;

/**
 * SPEX's own masks with random pairs between them to grade on, all within the budget; null where the budget covers every mask and SPEX would
 * ask for most. @throws budget-too-small.
 */
export function spexRun(n: number, budget: number, seed: number): Plan | null {
  const all = n <= MAX_EXHAUSTIVE_PLAYERS ? 2 ** n : Number.POSITIVE_INFINITY;
  const least = spexQueries(n, LEAST_BITS, LEAST_ERRORS);
  if (budget < least && budget >= all) return null;
  if (budget < Math.min(least, all))
    throw new WebspexError(
      'budget-too-small',
      `method spex: expected a budget of at least ${Math.min(least, all)} passes for ${n} players, got ${budget}; raise it, or use auto`,
    );
  const plan = planSpex(n, { budget, seed });
  if (budget >= all && 2 * plan.masks.count > all) return null;
  // SPEX counts equal queries each time; that they are asked once pays for the held-out masks.
  const spare = Math.min(budget, all) - plan.masks.count;
  const wanted = Math.min(MOST_HELD_OUT_PAIRS, Math.floor(spare / 2), Math.floor(plan.masks.count / 6));
  const asked = new Set(Array.from({ length: plan.masks.count }, (_, r) => maskKey(plan.masks, r)));
  const heldOut = pairsBeside(n, wanted, seed, asked);
  if (heldOut.count < 2 * LEAST_HELD_OUT_PAIRS && budget >= all) return null;
  return interleave(plan, heldOut);
}

/** The plan's masks in their order, a held-out pair after every three pairs of them as long as there are any. */
function interleave(plan: SpexPlan, grading: Masks): Plan {
  const stride = maskStride(plan.n);
  const masks = createMasks(plan.n, plan.masks.count + grading.count);
  const heldOut = new Uint8Array(masks.count);
  let fitted = 0;
  let graded = 0;
  /** Rows of the run after which so many of the plan's are known. */
  const known = new Uint32Array(plan.masks.count + 1);
  for (let r = 0; r < masks.count; r++) {
    heldOut[r] = Number((r >> 1) % 4 === 3 && graded < grading.count);
    const [from, at] = heldOut[r] ? [grading, graded++] : [plan.masks, fitted++];
    masks.words.set(from.words.subarray(at * stride, (at + 1) * stride), r * stride);
    if (!heldOut[r]) known[fitted] = r + 1;
  }
  const ends = plan.stages.map((stage) => known[stage.masks] + (known[stage.masks] & 1));
  const looks = [...(plan.n <= EARLY_PLAYERS ? doublingLooks(ends[0]) : []), ...ends].filter((look) => look < masks.count);
  const decode: Decoder = (own, values, options) => spex(own, values, { ...options, plan });
  return { masks, heldOut, looks, decode };
}
