import { type Masks, pickMasks, sliceMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { everyLatentMean } from './latent.ts';
import type { Pace } from './pace.ts';
import { latentMeans, latentVariances, type Process } from './process.ts';
import { expectValue, unwarpSlope } from './warp.ts';

/** Masks whose posterior variance is taken for that of all: over masks that were not fitted it hardly differs. */
const PROBES = 64;
/** Up to so many players all masks are listed; beyond, this many pairs are drawn. No model runs on them. */
const MOST_LISTED = 14;
const DRAWN = 4096;
const STREAM = 0x67700000;
/** What the expectation at a mask and at its complement takes: some twenty exponentials. */
const EXPECT_WORK = 300;
/** What a pair that is drawn and compared with those before takes. */
const DRAW_WORK = 1000;

/** What the process expects of the function at masks and at their complements, and how well it thinks it knows. */
export interface Surface {
  readonly masks: Masks;
  /** Whether `masks` are all that lack the last player, in index order. */
  readonly complete: boolean;
  /** Half the sum and half the difference of the values at a mask and at its complement: frequencies of even degree, and of odd. */
  readonly even: Float64Array;
  readonly odd: Float64Array;
  /** The same of the latent means. */
  readonly latent: { readonly even: Float64Array; readonly odd: Float64Array };
  /** Mean variance of the function at a mask that has not been seen, and mean slope of the warp dy/dg. */
  readonly variance: number;
  readonly slope: number;
}

/** E[y | x] over the masks. */
export async function surfaceOf(process: Process, seed: number, pace: Pace): Promise<Surface> {
  const { n } = process.rows.masks;
  const probes = firsts(pairedMasks(n, 2 * PROBES, (seed ^ STREAM) >>> 0));
  const spread = (await latentVariances(process, probes, pace)).reduce((sum, v) => sum + v / PROBES, 0);
  const complete = n <= MOST_LISTED;
  const masks = complete ? lowerHalf(n) : firsts(pairedMasks(n, 2 * DRAWN, (seed ^ STREAM ^ 1) >>> 0));
  const drawn = pace(DRAW_WORK * masks.count);
  if (drawn) await drawn;
  const even = new Float64Array(masks.count);
  const odd = new Float64Array(masks.count);
  const own = { even: new Float64Array(masks.count), odd: new Float64Array(masks.count) };
  const all = complete && !process.rows.suffix ? everyLatentMean(process) : null;
  let slope = 0;
  let variance = 0;
  const slice = 512;
  for (let from = 0; from < masks.count; from += slice) {
    const rows = Array.from({ length: Math.min(slice, masks.count - from) }, (_, i) => from + i);
    const means = all
      ? Float64Array.from({ length: 2 * rows.length }, (_, i) => all[i % 2 ? all.length - 1 - rows[i >> 1] : rows[i >> 1]])
      : await latentMeans(process, sliceMasks(masks, from, from + rows.length), pace);
    for (const [i, r] of rows.entries()) {
      const first = expectValue(process.warp, means[2 * i], spread);
      const second = expectValue(process.warp, means[2 * i + 1], spread);
      own.even[r] = (means[2 * i] + means[2 * i + 1]) / 2;
      own.odd[r] = (means[2 * i] - means[2 * i + 1]) / 2;
      even[r] = (first.mean + second.mean) / 2;
      odd[r] = (first.mean - second.mean) / 2;
      variance += (first.variance + second.variance) / (2 * masks.count);
      slope += (unwarpSlope(process.warp, means[2 * i]) + unwarpSlope(process.warp, means[2 * i + 1])) / (2 * masks.count);
    }
    const rest = pace(rows.length * EXPECT_WORK);
    if (rest) await rest;
  }
  return { masks, complete, even, odd, latent: own, variance, slope };
}

/** E[y | x] and Var[y | x] at masks, each with its own latent variance. */
export async function expectations(process: Process, masks: Masks, pace: Pace): Promise<{ means: Float64Array; variances: Float64Array }> {
  const means = await latentMeans(process, masks, pace);
  const values = Array.from(await latentVariances(process, masks, pace), (variance, r) =>
    expectValue(process.warp, means[2 * r], variance),
  );
  return { means: Float64Array.from(values, (v) => v.mean), variances: Float64Array.from(values, (v) => v.variance) };
}

/** The first mask of every pair. */
export function firsts(pairs: Masks): Masks {
  return pickMasks(
    pairs,
    Array.from({ length: pairs.count / 2 }, (_, p) => 2 * p),
  );
}

function lowerHalf(n: number): Masks {
  const count = 2 ** (n - 1);
  return { n, count, words: Uint32Array.from({ length: count }, (_, m) => m) };
}
