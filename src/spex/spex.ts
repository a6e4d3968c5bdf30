import { WebspexError } from '../core/errors.ts';
import { cholesky } from '../core/linalg.ts';
import { type Masks, maskStride } from '../core/masks.ts';
import { parityColumns, parityMoments } from '../spectrum/gram.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { type BatchTransform, type Bins, fillBins, fillBinsBy, projection, type Trace, traceOf } from './bins.ts';
import { type Grid, onGrid } from './digits.ts';
import { crossValidatedLasso, type Lasso, type Problem } from './lasso.ts';
import { binProblem, rowProblem } from './normal.ts';
import { peel } from './peel.ts';
import type { SpexPlan } from './plan.ts';

export interface SpexOptions extends DecodeOptions {
  /** The plan that chose the masks. */
  readonly plan: SpexPlan;
  /** `soft` (default): Chase decoding of the 2t least reliable bits; `hard`: signs alone, quicker and less sensitive. */
  readonly decoding?: 'soft' | 'hard';
  /**
   * Transforms the bins somewhere else, such as on a GPU (`transformRows` of the entry webgpu), with bit-identical results. Default WebAssembly,
   * and `explain` leaves it at that: the bins of the largest plans, half a million to a million numbers, take it some milliseconds, less than they
   * take to get to a GPU and back.
   */
  readonly transform?: BatchTransform;
}

/** Beyond so many single players only those enter the refit that correlate most with the values. */
const MOST_SINGLETONS = 2048;
/** Masks of an unfinished stage are worth writing the regression out for where they add this share, and where it is quick: terms² × masks. */
const LATE_SHARE = 0.25;
const MOST_WRITTEN = 1e10;
/**
 * A frequency that was picked for its size out of all there are looks larger than it is: its standard error is so many times that of one that
 * was in the regression anyway. (30 tables of DistilBERT, log-odds, seeds not used to find it, 672, 1,344, 2,688 and 5,376 passes: ± 1.96 se held
 * the exact FBII of 99 to 100 % of single players, of 97, 96, 94 and 92 % of the ten pairs that looked largest, and of 98, 96, 92 and 90 % of
 * triples; without it of 93, 86, 88 and 82 % of triples.)
 */
const PICKED = 3;
/** Jitter on the normal matrix behind the standard errors, as a share of the rows. */
const JITTER = 1e-9;

/** The masks must be those of the plan, from its first row on. */
function checkMasks({ masks: planned }: SpexPlan, masks: Masks): void {
  const used = masks.words.subarray(0, masks.count * maskStride(masks.n));
  if (masks.n !== planned.n || masks.count > planned.count || used.some((w, i) => w !== planned.words[i]))
    throw new WebspexError(
      'usage',
      `method spex: expected the first ${masks.count} masks of its plan in their order, got others; evaluate plan.masks`,
    );
}

/** The frequencies to weigh, ∅ first, and the regression that weighs them. */
interface Support {
  readonly traces: readonly Trace[];
  readonly problem: Problem;
  /** Distinct masks that the regression rests on. */
  readonly masks: number;
}

/**
 * SPEX (Kang et al. 2025, arXiv 2502.13870): the bins of the largest stage that is complete are peeled, and what was found is refitted with
 * ∅ and the single players by a cross-validated LASSO on every query of that stage (the released packages leave this out). Before the first
 * stage is complete there are no bins, and the refit is all there is. `masks` are the plan's, from the first one on, as far as they are known.
 * @throws usage where the masks are not the plan's, non-finite where a value is not a number.
 */
export async function spex(masks: Masks, values: ArrayLike<number>, options: SpexOptions): Promise<Fit> {
  checkValues(masks, values);
  checkMasks(options.plan, masks);
  const mean = Array.from(values).reduce((a, b) => a + b, 0) / masks.count;
  const scale = Math.sqrt(Array.from(values).reduce((sum, v) => sum + (v - mean) ** 2, 0) / masks.count);
  // A constant, up to the rounding of its own mean.
  if (!(scale > 1e-12 * Math.abs(mean)))
    return {
      method: 'spex',
      spectrum: { n: masks.n, keys: new Uint32Array(maskStride(masks.n)), coefficients: Float64Array.of(mean) },
      factor: Float64Array.of(Math.sqrt(masks.count)),
    };
  const grid = onGrid(Float64Array.from(values, (v) => (v - mean) / scale));
  const support = await recover(masks, grid, options);
  await options.breathe?.();
  const lasso = await crossValidatedLasso(support.problem, options.breathe);
  const { beta } = lasso;
  const kept = Array.from(beta.keys()).filter((k) => k === 0 || beta[k] !== 0);
  const coefficients = Float64Array.from(kept, (k) => scale * beta[k]);
  coefficients[0] += mean;
  return {
    method: 'spex',
    spectrum: {
      n: masks.n,
      keys: keysOf(
        masks.n,
        kept.map((k) => support.traces[k]),
      ),
      coefficients,
    },
    factor: factorOf(support, lasso, kept),
  };
}

/** Frequencies that peeling the largest complete stage finds, and the single players; where no stage is complete these alone. */
async function recover(masks: Masks, grid: Grid, { plan, decoding, transform, breathe, seed }: SpexOptions): Promise<Support> {
  const y = grid.values;
  const stage = plan.stages.findLast((s) => s.masks <= masks.count);
  const trace = (members: readonly number[]) => traceOf(plan.code, plan.groups, stage?.b ?? 0, members);
  const singles = Array.from({ length: plan.n }, (_, i) => trace([i]));
  if (!stage) {
    const traces = [trace([]), ...most(singles, parityMoments(parityColumns(masks, keysOf(plan.n, singles)), masks.count, y))];
    return { traces, problem: rowProblem(keysOf(plan.n, traces), masks, y, seed), masks: masks.count };
  }
  const bins = transform ? await fillBinsBy(transform, plan, grid, stage.b) : fillBins(plan, y, stage.b);
  const peeled = await peel(plan, { ...bins, values: bins.values.slice() }, { decoding, breathe });
  const found = peeled.map((p) => p.trace).filter(({ members }) => members.length > 0);
  const named = new Set(found.map(({ members }) => members.join()));
  const others = singles.filter(({ members }) => !named.has(members.join()));
  const traces = [
    trace([]),
    ...found,
    ...most(
      others,
      Float64Array.from(others, (s) => correlation(bins, s)),
    ),
  ];
  const late = masks.count - stage.masks;
  const written = late > LATE_SHARE * stage.masks && traces.length ** 2 * masks.count < MOST_WRITTEN;
  return written
    ? { traces, problem: rowProblem(keysOf(plan.n, traces), masks, y, seed), masks: masks.count }
    : { traces, problem: binProblem(traces, bins), masks: stage.masks };
}

/** Those of the largest weight, in the order they had, where there are too many. */
function most(traces: readonly Trace[], weights: Float64Array): readonly Trace[] {
  if (traces.length <= MOST_SINGLETONS) return traces;
  const least = Float64Array.from(weights, Math.abs).sort()[traces.length - MOST_SINGLETONS];
  return traces.filter((_, i) => Math.abs(weights[i]) >= least);
}

function correlation({ b, delays, values }: Bins, { bins, signature }: Trace): number {
  return bins.reduce((sum, bin, c) => sum + projection(values, ((c << b) + bin) * delays, delays, signature), 0);
}

function keysOf(n: number, traces: readonly Trace[]): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(traces.length * stride);
  for (const [k, { members }] of traces.entries()) for (const i of members) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}

/** Cholesky factor of the normal matrix of the kept coefficients, as if each distinct mask counted once. */
function factorOf({ traces, problem: { pattern }, masks }: Support, { whole }: Lasso, kept: readonly number[]): Float64Array {
  const size = kept.length;
  const place = new Map(kept.map((k, i) => [k, i]));
  const share = Math.min(1, masks / whole.rows);
  const normal = new Float64Array(size * size);
  for (const [i, k] of kept.entries()) {
    for (let e = pattern.starts[k]; e < pattern.starts[k + 1]; e++) {
      const j = place.get(pattern.columns[e]);
      if (j !== undefined) normal[i * size + j] = share * whole.gram[e];
    }
    normal[i * size + i] += JITTER * masks;
  }
  const factor = cholesky(normal, size);
  for (const [i, k] of kept.entries()) if (traces[k].members.length > 1) for (let j = 0; j <= i; j++) factor[i * size + j] /= PICKED;
  return factor;
}
