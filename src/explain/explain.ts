import { throwIfAborted, WebspexError } from '../core/errors.ts';
import { checkCount, type Masks, pickMasks, sliceMasks, type ValueFunction } from '../core/masks.ts';
import { faithfulness } from '../spectrum/faithfulness.ts';
import { evaluateSpectrum } from '../spectrum/spectrum.ts';
import type { Explanation, FitReport } from './document.ts';
import { questionOf, type Remembered, remembering } from './log.ts';
import { methodEntry } from './methods.ts';
import { type ExplainOptions, fewestMasks, type Settings, settle } from './options.ts';
import { designOf, type Plan, planMasks, sparingEnds } from './plan.ts';
import { type Origin, type Spent, writeExplanation } from './report.ts';
import { doublingLooks, FIRST_LOOK, growingLooks, rowsInFold, splitRows } from './rows.ts';
import { breather, type ExplainRun, type RunControl, startRun } from './run.ts';
import { emptyMemory, type Memory, solve, transform } from './solve.ts';
import { isEven, unpaired } from './unpair.ts';
import { explainedSpectrum } from './verify.ts';
import type { Expected } from './word-prior.ts';

/** One call of the value function should take about this long, so that Stop and progress stay live, unless a lens knows better. */
const BATCH_MS = 150;

/** Masks in one call. */
const MOST_BATCH = 8192;

interface Session {
  readonly settings: Settings;
  readonly origin: Origin;
  /** Changes where the first look finds that complements say nothing new. */
  plan: Plan;
  readonly memory: Remembered | null;
  /** Why no more may be spent, once that is so. */
  capped: WebspexError | null;
  /** All 2ⁿ masks are to be evaluated. */
  readonly exhaustive: boolean;
  /** Masks after the first look need not come in pairs. */
  readonly mayUnpair: boolean;
  /** As in an assignment. */
  readonly sequential?: boolean;
  readonly expected?: Expected;
  readonly values: Float32Array;
  readonly spent: Spent;
  readonly batchMs: number;
  readonly breathe: () => Promise<void>;
  /** What the stop rule and the audit have found so far. */
  readonly assured: { until?: FitReport['until']; audit?: FitReport['audit'] };
  /** What the last look found. */
  readonly found: Memory;
}

/**
 * Explains any value function: evaluates seeded, paired, distinct masks, and after 64, 128, 256, … of them recovers a sparse
 * spectrum and grades it by fits that have not seen the masks they are graded on. Iterate the run for snapshots, or await its `result`.
 * The function gets lists of masks and answers one finite number each, in order.
 * @throws (through the run) usage, budget-too-small, empty-input, value-function, non-finite, aborted.
 */
export function explain(valueFunction: ValueFunction, options: ExplainOptions): ExplainRun {
  return explainFrom(async () => ({ valueFunction, options, origin: FUNCTION_ORIGIN }));
}

/** Of evaluations that come from no model of ours. */
export const FUNCTION_ORIGIN: Origin = {
  text: '',
  lens: 'function',
  target: 'value',
  scalar: 'value',
  mask: 'function',
  units: 'player',
  model: null,
  device: null,
  loadMs: 0,
};

/** What a run needs, and where its numbers come from. */
export interface Assignment {
  readonly valueFunction: ValueFunction;
  readonly options: ExplainOptions;
  readonly origin: Origin;
  /** What else makes the question another one, such as the labelled texts it is about. */
  readonly asked?: Readonly<Record<string, unknown>>;
  /** Milliseconds that a call of the value function should take; default 150. */
  readonly batchMs?: number;
  /** All players and none are far from every other mask and tell nothing of them: their values are quoted and not fitted. */
  readonly spareEnds?: boolean;
  /** Players are words in order that a model reads from first to last, and nothing is left where all are absent: how a text ends counts by itself. */
  readonly sequential?: boolean;
  /** What other texts lead to expect of the players. */
  readonly expected?: Expected;
  /** Masks are those of the plan, whatever their values: others have been chosen not to be among them. */
  readonly asPlanned?: boolean;
}

/** As `explain`, for lenses that must look at the model before they know their players. */
export function explainFrom(prepare: () => Promise<Assignment>): ExplainRun {
  return startRun(async (control) => {
    const assignment = await prepare();
    const {
      valueFunction,
      options,
      origin,
      asked,
      batchMs = options.batchMs ?? BATCH_MS,
      spareEnds = false,
      sequential,
      expected,
      asPlanned = false,
    } = assignment;
    const settings = settle(options);
    const { plan, exhaustive } = planRun(settings, spareEnds);
    const memory = options.log ? await remembering(valueFunction, options.log, await questionOf(origin, settings.players, asked)) : null;
    const session: Session = {
      settings,
      origin,
      plan,
      exhaustive,
      mayUnpair: !asPlanned && !exhaustive && mayUnpair(settings),
      sequential,
      expected,
      values: new Float32Array(plan.masks.count),
      spent: { queries: 0, fresh: 0, evaluateMs: 0, decodeMs: 0 },
      batchMs,
      breathe: breather(options.signal),
      assured: {},
      found: emptyMemory(),
      memory,
      capped: null,
    };
    return produce(memory?.valueFunction ?? valueFunction, session, options, control);
  });
}

/** Methods that need no pairs, where nothing else chooses the masks. */
function mayUnpair({ method, index }: Settings): boolean {
  return (method === 'auto' || methodEntry(method)?.singles === true) && designOf(method, index) === null;
}

/** The first look is over: complements say nothing new. */
function unpair(session: Session, from: number): void {
  session.plan = { ...session.plan, masks: unpaired(session.plan.masks, from, session.settings.seed) };
}

/** Indices that average over uniform masks, where the two ends weigh as little as any other mask. */
const UNIFORM: ReadonlySet<string> = new Set(['FBII', 'BII', 'BV', 'Fourier']);

/** What will be evaluated. @throws budget-too-small where that is too little for the method to fit on. */
export function planRun(settings: Settings, spareEnds = false): Pick<Session, 'plan' | 'exhaustive'> {
  const { players, budget, seed, exhaustive, method, index } = settings;
  const n = players.length;
  const run = methodEntry(method)?.run;
  const own = run?.(n, budget, seed);
  if (own) return { plan: own, exhaustive: false };
  const planned = planMasks(n, budget, seed, designOf(method, index));
  const plan = spareEnds && UNIFORM.has(index) ? sparingEnds(planned) : planned;
  if (exhaustive || run) return { plan: plan.masks.count === 2 ** n ? plan : planMasks(n, budget, seed, null), exhaustive: true };
  const fitting = fittingRows(plan, plan.masks.count);
  const fewest = fewestMasks(settings);
  if (fitting < fewest) {
    const [share, enough] = plan.inTurn ? ['a fifth', (fewest * 5) / 4] : ['a quarter', (fewest * 4) / 3];
    throw new WebspexError(
      'budget-too-small',
      `method ${method}: expected at least ${fewest} masks to fit on for ${n} players, got ${fitting} of a budget of ${budget}, of which ${share} is held out; raise it to ${Math.ceil(enough) + 8}, or use auto`,
    );
  }
  return { plan, exhaustive };
}

async function produce(valueFunction: ValueFunction, session: Session, options: ExplainOptions, control: RunControl): Promise<Explanation> {
  const { spent, settings, plan, values } = session;
  const end = plan.masks.count - settings.audit;
  const { looks = (settings.untilR2 === null ? doublingLooks : growingLooks)(end) } = plan;
  const fewest = fewestMasks(settings);
  const ready = () => isComplete(session) || fittingRows(plan, spent.queries) >= fewest;
  for (const look of [...looks, end]) {
    await evaluateUpTo(look, valueFunction, session, options, control);
    if (control.stopped || session.capped || spent.queries >= end) break;
    if (look === FIRST_LOOK && session.mayUnpair && isEven(values, look)) unpair(session, look);
    if (!ready()) continue;
    control.emit(await decode(session, false, options));
    if (session.assured.until?.reached) break;
  }
  if (spent.queries < Math.min(8, plan.masks.count) || !ready())
    throw (
      session.capped ??
      new WebspexError(
        'aborted',
        `run: stopped after ${spent.queries} passes, expected at least ${Math.max(8, fewest)}; let it run a little longer`,
      )
    );
  const explanation = await decode(session, true, options);
  if (settings.audit === 0 || control.stopped || session.capped) return explanation;
  control.emit(explanation);
  await evaluateUpTo(spent.queries + settings.audit, valueFunction, session, options, control);
  return auditBy(explanation, session) ? decode(session, true, options) : explanation;
}

/** Grades an explanation on the rows that were evaluated after it; false where there are none. */
function auditBy({ fit, ...explanation }: Explanation, { plan, spent, values, assured }: Session): boolean {
  const rows = Array.from({ length: spent.queries - fit.queries }, (_, i) => fit.queries + i).filter((r) => plan.inTurn?.[r] === 1);
  if (rows.length < 2) return false;
  const predicted = evaluateSpectrum(explainedSpectrum(explanation), pickMasks(plan.masks, rows));
  const { r2, low, high } = faithfulness(
    predicted,
    rows.map((r) => values[r]),
    { pairs: true },
  );
  assured.audit = { masks: rows.length, r2, r2Low: low, r2High: high };
  return true;
}

/** How many of the first `count` rows every fit has. */
function fittingRows({ heldOut, inTurn, quoted = 0 }: Plan, count: number): number {
  return inTurn ? rowsInFold(Math.max(0, count - quoted)) : heldOut.subarray(0, count).reduce((sum, out) => sum + 1 - out, 0);
}

/** Whether all 2ⁿ masks are known and may be fitted. */
function isComplete({ settings, exhaustive, spent }: Session): boolean {
  return exhaustive && spent.queries === 2 ** settings.players.length;
}

/** Batches start small and grow to about `batchMs`; whole pairs only, so that a stopped run is a valid shorter one. */
async function evaluateUpTo(
  end: number,
  valueFunction: ValueFunction,
  session: Session,
  options: ExplainOptions,
  control: RunControl,
): Promise<void> {
  const { values, spent, batchMs } = session;
  const { masks } = session.plan;
  while (spent.queries < end && !control.stopped && !session.capped) {
    throwIfAborted(options.signal);
    const known = knownFrom(session, end);
    const rate = spent.fresh > 0 ? spent.fresh / spent.evaluateMs : 0;
    const wanted = rate > 0 ? Math.ceil((rate * batchMs) / 2) * 2 : 8;
    let next = known > 0 ? spent.queries + known : Math.min(end, spent.queries + Math.max(2, Math.min(wanted, MOST_BATCH)));
    const start = performance.now();
    const told = new Map<number, number>();
    const batch = await ask(valueFunction, sliceMasks(masks, spent.queries, next), options.signal, told).catch((error: WebspexError) => {
      if (error.code !== 'spend-cap') throw error;
      session.capped = error;
      return wholePairs(told);
    });
    if (session.capped) next = spent.queries + batch.length;
    store(batch, values, spent.queries, next);
    if (known === 0) {
      spent.evaluateMs += Math.max(performance.now() - start, 1e-3);
      spent.fresh += next - spent.queries;
    }
    spent.queries = next;
    reportProgress(session, options, 'evaluating');
    await session.breathe();
  }
}

/** Rows that the log holds, whole pairs of them: they take no time, which would spoil the rate. */
function knownFrom({ memory, plan, spent }: Session, end: number): number {
  if (!memory) return 0;
  const known = memory.known(plan.masks, spent.queries, Math.min(end, spent.queries + MOST_BATCH));
  return spent.queries + known === plan.masks.count ? known : known - (known % 2);
}

/** What was told of a call that ended early, as far as nothing is missing. */
function wholePairs(told: ReadonlyMap<number, number>): Float32Array {
  let rows = 0;
  while (told.has(rows) && told.has(rows + 1)) rows += 2;
  return Float32Array.from({ length: rows }, (_, r) => told.get(r) as number);
}

async function ask(
  valueFunction: ValueFunction,
  masks: Masks,
  signal: AbortSignal | undefined,
  told: Map<number, number>,
): Promise<Float32Array> {
  try {
    return await valueFunction(masks, { signal, onValue: (row, value) => told.set(row, value) });
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof WebspexError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new WebspexError('value-function', `value function: expected values, got an error: ${said}; mend the function`, { cause: error });
  }
}

function store(batch: Float32Array, values: Float32Array, from: number, to: number): void {
  checkCount(batch, to - from);
  for (let i = 0; i < batch.length; i++)
    if (!Number.isFinite(batch[i]))
      throw new WebspexError(
        'non-finite',
        `value function: expected finite numbers, got ${batch[i]} for mask ${from + i}; nothing was imputed`,
      );
  values.set(batch, from);
}

function reportProgress(session: Session, options: ExplainOptions, phase: 'evaluating' | 'decoding'): void {
  if (!options.onProgress) return;
  const { queries, fresh, evaluateMs } = session.spent;
  const rate = fresh > 0 ? fresh / evaluateMs : 0;
  options.onProgress({
    queries,
    budget: session.plan.masks.count,
    masksPerSecond: rate * 1000,
    etaMs: queries === session.plan.masks.count ? 0 : (session.plan.masks.count - queries) / rate,
    phase,
  });
}

async function decode(session: Session, last: boolean, options: ExplainOptions): Promise<Explanation> {
  const { settings, values, spent, breathe } = session;
  const { masks, heldOut, inTurn, quoted = 0 } = session.plan;
  reportProgress(session, options, 'decoding');
  const start = performance.now();
  const count = spent.queries;
  const complete = isComplete(session);
  const from = complete ? 0 : quoted;
  const pick = (rows: number[]) => ({ masks: pickMasks(masks, rows), values: Float64Array.from(rows, (r) => values[r]) });
  const solution =
    complete && !methodEntry(settings.method)?.decode
      ? transform(settings, masks, values)
      : await solve(settings, {
          ...splitRows(complete ? new Uint8Array(count) : heldOut, count, pick, from),
          inTurn: inTurn?.subarray(from, count),
          complete,
          thorough: last,
          memory: session.found,
          breathe,
          sequential: session.sequential,
          influences: session.expected?.influences,
          decode: session.plan.decode,
        });
  spent.decodeMs += performance.now() - start;
  const { assured } = session;
  const { untilR2 } = settings;
  // A look that reached the goal has ended the run: what comes after it is reported, and no longer asked.
  if (untilR2 !== null && !assured.until?.reached)
    assured.until = { r2: untilR2, bound: solution.bound, reached: solution.bound >= untilR2 };
  const ends = { full: values[0], empty: values[1] };
  return writeExplanation(settings, session.origin, solution, ends, spent, {
    ...assured,
    ...(session.expected && { priorTexts: session.expected.texts }),
  });
}
