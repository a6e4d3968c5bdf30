import { throwIfAborted, WebspexError } from '../core/errors.ts';
import { checkCount, type Masks, maskKey, pickMasks, sliceMasks, type ValueFunction } from '../core/masks.ts';
import { faithfulness } from '../spectrum/faithfulness.ts';
import { evaluateSpectrum } from '../spectrum/spectrum.ts';
import type { Explanation } from './document.ts';
import { explainFrom, FUNCTION_ORIGIN, planRun } from './explain.ts';
import { methodIndex } from './method-index.ts';
import { type ExplainOptions, METHODS, type Method, type RunProgress, settle } from './options.ts';
import { pairsBeside } from './rows.ts';
import { explainedSpectrum } from './verify.ts';

/** Fewer common pairs than this grade nothing. */
const LEAST_PAIRS = 8;
/** As many masks as an eighth of the budget has pairs grade, between these numbers of pairs. */
const WANTED_PAIRS = { least: 32, most: 128 };
/** Of 2⁹ masks several methods may fit a quarter each and leave enough to grade on. */
const LEAST_PLAYERS = 9;

/** Masks that grade are asked for so many at a time: an abort waits for one call. */
const SLICE = 32;

export interface CompareOptions extends Omit<ExplainOptions, 'method' | 'onProgress'> {
  /** Default: all but `exact`. */
  readonly methods?: readonly Method[];
  /** All players and none are unlike every other mask: their values are quoted and not fitted, where the index gives them no weight. */
  readonly spareEnds?: boolean;
  /** Players are words in order, and nothing is left where all are absent. */
  readonly sequential?: boolean;
  readonly onProgress?: (progress: RunProgress & { readonly method: Method }) => void;
}

/** One method beside the others. */
export interface ComparedMethod {
  readonly method: Method;
  /** On the masks of `heldOut`, the same for all. */
  readonly r2: number;
  readonly r2Low: number;
  readonly r2High: number;
  /** Evaluations that it asked for, those that grade it alone included and those that grade all not. */
  readonly queries: number;
  readonly explanation: Explanation;
}

/** Several methods on one function, each with the same budget, graded on the same masks. */
export interface Comparison {
  readonly format: 'webspex-comparison';
  readonly version: 1;
  readonly budget: number;
  readonly seed: number;
  /** Masks that no method has fitted and all are graded on. */
  readonly heldOut: number;
  /** Distinct evaluations in all: what several methods ask is asked once. */
  readonly queries: number;
  /** Best first. */
  readonly methods: readonly ComparedMethod[];
  /** Methods that cannot work with so few masks or so many players, and why. */
  readonly skipped: readonly { readonly method: Method; readonly reason: string }[];
}

/**
 * Explains one function by several methods with the same budget each; masks that several of them ask for are evaluated once. They are graded on
 * further uniform masks that none has fitted.
 * @throws usage where no method can run or the budget leaves no masks to grade on, and whatever a run throws.
 */
export async function compareMethods(valueFunction: ValueFunction, options: CompareOptions): Promise<Comparison> {
  const n = typeof options.players === 'number' ? options.players : options.players.length;
  if (n < LEAST_PLAYERS)
    throw new WebspexError(
      'usage',
      `compare: expected at least ${LEAST_PLAYERS} players, got ${n}: there are too few masks to keep some apart; explain evaluates all of them`,
    );
  const { methods = METHODS.filter((m) => m !== 'exact'), onProgress, index, faithful, spareEnds, sequential, ...shared } = options;
  const known = new Map<string, number>();
  const cached = remember(valueFunction, known);
  const plans = plansOf(methods, { ...shared, index, faithful }, spareEnds);
  const common = commonPairs(plans.able);
  for (let r = 0; r < common.count; r += SLICE) {
    throwIfAborted(options.signal);
    await cached(sliceMasks(common, r, Math.min(r + SLICE, common.count)), { signal: options.signal });
  }
  const explained: { method: Method; explanation: Explanation }[] = [];
  for (const { method } of plans.able) {
    const own: ExplainOptions = {
      ...shared,
      method,
      ...ownOptions(method, { index, faithful }),
      onProgress: onProgress && ((progress) => onProgress({ ...progress, method })),
    };
    const assignment = { valueFunction: cached, options: own, origin: FUNCTION_ORIGIN, spareEnds, sequential, asPlanned: true };
    const run = explainFrom(async () => assignment);
    explained.push({ method, explanation: await run.result });
  }
  const values = Float64Array.from({ length: common.count }, (_, r) => known.get(maskKey(common, r)) as number);
  return {
    format: 'webspex-comparison',
    version: 1,
    budget: plans.able[0].budget,
    seed: plans.able[0].seed,
    heldOut: common.count,
    queries: known.size,
    methods: explained.map(({ method, explanation }) => grade(method, explanation, common, values)).sort((a, b) => b.r2 - a.r2),
    skipped: plans.skipped,
  };
}

/** Options that not every method takes: an index where it estimates none of its own, the authors' recipe where there is one. */
function ownOptions(
  method: Method,
  { index, faithful }: Pick<ExplainOptions, 'index' | 'faithful'>,
): Pick<ExplainOptions, 'index' | 'faithful'> {
  return { index: methodIndex(method) === null ? index : undefined, faithful: method === 'proxyspex' && faithful };
}

interface Planned {
  readonly method: Method;
  readonly budget: number;
  readonly seed: number;
  readonly masks: Masks;
  /** 1 where the mask grades this method and is never fitted. */
  readonly heldOut: Uint8Array;
}

/** Which masks each method will fit and hold out; methods that cannot work here are set aside. @throws usage where none can. */
function plansOf(
  methods: readonly Method[],
  options: Omit<ExplainOptions, 'method' | 'onProgress'>,
  spareEnds: boolean | undefined,
): { able: Planned[]; skipped: Comparison['skipped'] } {
  const able: Planned[] = [];
  const skipped: { method: Method; reason: string }[] = [];
  let last: WebspexError | null = null;
  for (const method of methods) {
    try {
      const settings = settle({ ...options, method, ...ownOptions(method, options) });
      const { plan, exhaustive } = planRun(settings, spareEnds);
      const heldOut = exhaustive ? new Uint8Array(plan.masks.count) : plan.heldOut;
      able.push({ method, budget: settings.budget, seed: settings.seed, masks: plan.masks, heldOut });
    } catch (error) {
      if (!(error instanceof WebspexError) || !['usage', 'budget-too-small'].includes(error.code)) throw error;
      last = error;
      skipped.push({ method, reason: error.message.replace(/^method [\w-]+: /, '') });
    }
  }
  if (able.length > 0) return { able, skipped };
  throw last ?? new WebspexError('usage', 'compare: expected at least one method, got none; name some');
}

/** Uniform pairs of complementary masks that no plan fits. @throws usage where there are too few. */
function commonPairs(plans: readonly Planned[]): Masks {
  const [{ budget, seed, masks: first }] = plans;
  const fitted = new Set<string>();
  for (const { masks, heldOut } of plans) for (let r = 0; r < masks.count; r++) if (!heldOut[r]) fitted.add(maskKey(masks, r));
  const wanted = Math.min(WANTED_PAIRS.most, Math.max(WANTED_PAIRS.least, budget >> 3));
  const common = pairsBeside(first.n, wanted, seed, fitted);
  if (common.count >= 2 * LEAST_PAIRS) return common;
  throw new WebspexError(
    'usage',
    `compare: expected at least ${2 * LEAST_PAIRS} masks that no method fits, got ${common.count} with a budget of ${budget}; lower the budget where it covers nearly all masks, else raise it`,
  );
}

function remember(valueFunction: ValueFunction, known: Map<string, number>): ValueFunction {
  return async (masks, options) => {
    const rows = Array.from({ length: masks.count }, (_, r) => r).filter((r) => !known.has(maskKey(masks, r)));
    if (rows.length > 0) {
      const values = await valueFunction(pickMasks(masks, rows), options);
      checkCount(values, rows.length);
      rows.forEach((r, i) => {
        known.set(maskKey(masks, r), values[i]);
      });
    }
    return Float32Array.from({ length: masks.count }, (_, r) => known.get(maskKey(masks, r)) as number);
  };
}

function grade(method: Method, explanation: Explanation, common: Masks, values: Float64Array): ComparedMethod {
  const { r2, low, high } = faithfulness(evaluateSpectrum(explainedSpectrum(explanation), common), values, { pairs: true });
  return { method, r2, r2Low: low, r2High: high, queries: explanation.fit.queries, explanation };
}
