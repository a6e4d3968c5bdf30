import { countSets } from '../baselines/polynomial.ts';
import { WebspexError } from '../core/errors.ts';
import { MAX_EXHAUSTIVE_PLAYERS } from '../core/sample.ts';
import { INDEX_NAMES } from '../spectrum/index-weights.ts';
import type { InteractionIndex, Player } from './document.ts';
import type { EvaluationLog } from './log.ts';
import { methodIndex } from './method-index.ts';
import { isGradedByFolds, METHOD_TABLE, type MethodEntry, methodEntry, type SingleMethod } from './methods.ts';

export type Method = 'auto' | 'exact' | SingleMethod;
export const METHODS: readonly Method[] = ['auto', 'exact', ...(Object.keys(METHOD_TABLE) as SingleMethod[])];
export const INDICES: readonly InteractionIndex[] = INDEX_NAMES;
/** Below this many passes nothing can be both fitted and graded. */
export const MIN_BUDGET = 16;

export interface RunProgress {
  readonly queries: number;
  /** Evaluations that this run will make: the budget, or fewer where there are no more masks. */
  readonly budget: number;
  readonly masksPerSecond: number;
  readonly etaMs: number;
  /** What the run is doing. */
  readonly phase: 'evaluating' | 'decoding';
}

export interface ExplainOptions {
  /** How many players, or who they are. */
  readonly players: number | readonly Player[];
  readonly method?: Method;
  /** Of method proxyspex: the recipe of its authors, which takes a hundred times as long, instead of ours. */
  readonly faithful?: boolean;
  readonly index?: InteractionIndex;
  readonly maxOrder?: number;
  /** Most evaluations that may be spent, held-out ones included; default 1,024. */
  readonly budget?: number;
  readonly seed?: number;
  /** Stop at the first look at which R² over unseen masks is at least this with 95 % confidence; the budget is the most that may be spent. */
  readonly untilR2?: number;
  /** This many fresh masks of the budget are asked for last and grade the explanation as it stands, before they are fitted too; default none. */
  readonly audit?: number;
  /** About how long one call of the function should take, in ms; default 150. More where a call has a cost of its own. */
  readonly batchMs?: number;
  /** Keeps every value as it comes, and knows those of earlier runs of the same question: they are not evaluated again. */
  readonly log?: EvaluationLog;
  /** Abort discards everything; to end early and keep what is known call `stop()`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** The options with defaults in place and checked. */
export interface Settings {
  readonly players: readonly Player[];
  readonly method: Method;
  readonly faithful: boolean;
  readonly index: InteractionIndex;
  readonly maxOrder: number;
  readonly budget: number;
  readonly seed: number;
  readonly untilR2: number | null;
  /** Even; 0 where every mask is evaluated. */
  readonly audit: number;
  /** Every mask is to be evaluated, and nothing held out. */
  readonly exhaustive: boolean;
}

/** @throws usage where the method estimates another index than the one asked for. */
function indexFor(method: Method, asked: string | undefined): InteractionIndex {
  const own = methodIndex(method);
  const index = oneOf('index', asked ?? own ?? 'FBII', INDICES);
  if (own !== null && index !== own)
    throw new WebspexError('usage', `index: expected ${own} with method ${method}, which estimates that, got ${index}; leave it out`);
  return index;
}

/** @throws usage where a regression on all interactions up to that order would be too large. */
function orderFor(method: Method, entry: MethodEntry | null, asked: number | undefined, n: number): number {
  const order = whole('order', asked ?? entry?.order ?? 4, 1, 64);
  if (entry?.most === undefined) return order;
  const unknowns = countSets(n, order);
  if (unknowns > entry.most)
    throw new WebspexError(
      'usage',
      `method ${method}: expected at most ${entry.most} interactions to fit, got ${unknowns} of order up to ${order} of ${n} players; lower the order, use coarser units, or use auto`,
    );
  return order;
}

/** Fewest masks that the method can fit on; of n ≤ 16 players never more than there are. */
export function fewestMasks({ players, method, maxOrder }: Pick<Settings, 'players' | 'method' | 'maxOrder'>): number {
  return methodEntry(method)?.fewest?.(players.length, Math.min(maxOrder, players.length)) ?? 0;
}

function whole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new WebspexError('usage', `${name}: expected a whole number from ${low} to ${high}, got ${value}; change it`);
  return value;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((a) => a === value);
  if (found === undefined)
    throw new WebspexError('usage', `${name}: expected one of ${allowed.join(', ')}, got ${value}; choose one of them`);
  return found;
}

/** Masks that audit an explanation, where they are not counted: enough to tell .9 from .7. */
export const AUDITED = 32;

/** Stop rule and audit. @throws usage, budget-too-small where they do not go with the method or the passes. */
function assurances({ untilR2, audit = 0 }: ExplainOptions, method: Method, passes: number): Pick<Settings, 'untilR2' | 'audit'> {
  const asked = untilR2 !== undefined ? 'untilR2' : audit > 0 ? 'audit' : null;
  if (asked !== null && !isGradedByFolds(method))
    throw new WebspexError('usage', `${asked}: expected a method that is graded on the masks it fits, got ${method}; use auto`);
  if (untilR2 !== undefined && !(untilR2 > 0 && untilR2 < 1))
    throw new WebspexError('usage', `untilR2: expected a number between 0 and 1, got ${untilR2}; 0.9 is a good fit`);
  const masks = 2 * Math.ceil(whole('audit', audit, 0, 1_000_000) / 2);
  if (masks > 0 && passes - masks < Math.min(MIN_BUDGET, passes))
    throw new WebspexError(
      'budget-too-small',
      `audit: expected ${MIN_BUDGET} passes beside ${masks} that audit, got ${passes} in all; raise the budget`,
    );
  return { untilR2: untilR2 ?? null, audit: masks };
}

/** Defaults and checks. @throws usage, budget-too-small, empty-input. */
export function settle(options: ExplainOptions): Settings {
  const players =
    typeof options.players === 'number'
      ? Array.from({ length: whole('players', options.players, 1, 100_000) }, (_, id) => ({ id, label: `x${id}`, start: 0, end: 0 }))
      : options.players;
  const n = players.length;
  if (n === 0) throw new WebspexError('empty-input', 'players: expected at least 1, got 0; give a text with words in it');
  const method = oneOf('method', options.method ?? 'auto', METHODS);
  const budget = whole('budget', options.budget ?? 1024, 1, 10_000_000);
  const all = n <= MAX_EXHAUSTIVE_PLAYERS ? 2 ** n : Number.POSITIVE_INFINITY;
  if (method === 'exact' && n > MAX_EXHAUSTIVE_PLAYERS)
    throw new WebspexError(
      'usage',
      `method exact: expected at most ${MAX_EXHAUSTIVE_PLAYERS} players, got ${n}; use auto, or coarser units`,
    );
  if (method === 'exact' && budget < all)
    throw new WebspexError(
      'budget-too-small',
      `method exact: expected a budget of ${all} passes for ${n} players, got ${budget}; raise it or use auto`,
    );
  if (budget < Math.min(MIN_BUDGET, all))
    throw new WebspexError('budget-too-small', `budget: expected at least ${Math.min(MIN_BUDGET, all)} passes, got ${budget}; raise it`);
  const { faithful = false } = options;
  if (faithful && method !== 'proxyspex')
    throw new WebspexError('usage', `faithful: expected method proxyspex, got ${method}; name it, or leave faithful out`);
  const entry = methodEntry(method);
  if (entry?.mostMasks !== undefined && budget > entry.mostMasks)
    throw new WebspexError(
      'usage',
      `method ${method}: expected a budget of at most ${entry.mostMasks} passes, got ${budget}; lower it, or use auto`,
    );
  const exhaustive = method === 'exact' || ((method === 'auto' || entry?.exhausts === true) && budget >= all);
  if (entry?.mostPlayers !== undefined && n > entry.mostPlayers)
    throw new WebspexError('usage', `method ${method}: expected at most ${entry.mostPlayers} players, got ${n}; use auto, pursuit or spex`);
  const { untilR2, audit } = assurances(options, method, exhaustive ? all : Math.min(budget, all));
  return {
    players,
    method,
    untilR2,
    audit: exhaustive ? 0 : audit,
    faithful,
    index: indexFor(method, options.index),
    maxOrder: orderFor(method, entry, options.maxOrder, n),
    budget,
    seed: whole('seed', options.seed ?? 7, 0, 0xffffffff),
    exhaustive,
  };
}
