import { banzhaf, faithBanzhaf } from '../baselines/banzhaf.ts';
import { faithShap, fewestPairedMasks, kernelshap, shapleyMasks } from '../baselines/kernelshap.ts';
import { kernelshapIq } from '../baselines/kernelshap-iq.ts';
import { lasso } from '../baselines/lasso.ts';
import { leaveOneOut, leaveOneOutMasks } from '../baselines/leave-one-out.ts';
import { lime, limeMasks } from '../baselines/lime.ts';
import { linear } from '../baselines/linear.ts';
import { chainMasks, fewestChainMasks, permutation } from '../baselines/permutation.ts';
import type { Masks } from '../core/masks.ts';
import { gp, MOST_PLAYERS, MOST_ROWS } from '../gp/gp.ts';
import { proxyspex } from '../proxyspex/proxyspex.ts';
import { pursuit } from '../pursuit/pursuit.ts';
import type { Decoder } from '../spectrum/spectrum.ts';
import type { Plan } from './plan.ts';
import { spexRun } from './spex-run.ts';

/**
 * The masks that a method of its own design fits on: distinct, without the full and the empty one, at most `count`. `taken` are keys of the
 * masks that grade; a design that must have one of them all the same gets it, and then it does not grade.
 */
export type Design = (n: number, count: number, seed: number, taken: ReadonlySet<string>) => Masks;

/** One way to explain: how it decodes, and what it asks of the run. */
export interface MethodEntry {
  /** Absent where the plan of `run` brings it. */
  readonly decode?: Decoder;
  /** Plans the whole run within the budget; null where it would rather have every mask. */
  readonly run?: (n: number, budget: number, seed: number) => Plan | null;
  /** Its own masks; without it fits on uniform pairs. */
  readonly design?: Design;
  /** Where complementary masks say the same it fits on one of each pair as well as on other uniform masks. */
  readonly singles?: boolean;
  /** Largest interaction by default, where it fits all interactions up to an order; `most` unknowns at most. */
  readonly order?: number;
  readonly most?: number;
  /** Fewest masks to fit on, the full and the empty one included. */
  readonly fewest?: (n: number, order: number) => number;
  /** Largest budget, where time or memory grows too fast with it. */
  readonly mostMasks?: number;
  /** Most players, likewise. */
  readonly mostPlayers?: number;
  /** Where the budget covers all 2ⁿ masks, fit and grade on all of them: its answer is exact then. */
  readonly exhausts?: boolean;
}

/** Players of one regression: its normal matrix grows with their square, its inverse with their cube. */
const MOST_REGRESSED = 2000;

const paired = (n: number, order: number) => 2 + fewestPairedMasks(n, order);

/** Every method but `auto` and `exact`, in the order in which they are listed. */
export const METHOD_TABLE = {
  linear: { decode: linear },
  proxyspex: { decode: proxyspex, singles: true },
  pursuit: { decode: pursuit, singles: true },
  gp: { decode: gp, singles: true, mostMasks: MOST_ROWS, mostPlayers: MOST_PLAYERS },
  spex: { run: spexRun },
  lime: { decode: lime, design: limeMasks, order: 1, mostPlayers: MOST_REGRESSED, exhausts: true },
  kernelshap: {
    decode: kernelshap,
    design: shapleyMasks,
    order: 1,
    fewest: (n) => paired(n, 1),
    mostPlayers: MOST_REGRESSED,
    exhausts: true,
  },
  permutation: { decode: permutation, design: chainMasks, order: 1, fewest: fewestChainMasks, exhausts: true },
  banzhaf: { decode: banzhaf, order: 1, exhausts: true },
  'faith-banzhaf': { decode: faithBanzhaf, order: 2, most: 2000, fewest: paired, exhausts: true },
  'faith-shap': { decode: faithShap, design: shapleyMasks, order: 2, most: 1200, fewest: paired, exhausts: true },
  'kernelshap-iq': { decode: kernelshapIq, design: shapleyMasks, order: 2, most: 600, fewest: paired, exhausts: true },
  'leave-one-out': { decode: leaveOneOut, design: leaveOneOutMasks, order: 1, fewest: (n) => (n === 1 ? 2 : n + 2) },
  lasso: { decode: lasso, singles: true, order: 2, most: 10_000 },
} as const satisfies Readonly<Record<string, MethodEntry>>;

export type SingleMethod = keyof typeof METHOD_TABLE;
/** Those that decode any masks. */
export type DecodingMethod = Exclude<SingleMethod, 'spex'>;

/** The entry of a method, or null of `auto` and `exact`, which are none of their own. */
export function methodEntry(method: string): MethodEntry | null {
  return Object.hasOwn(METHOD_TABLE, method) ? METHOD_TABLE[method as SingleMethod] : null;
}

/** Whether a method is graded on the very masks it fits, fold by fold: only then can it stop at an R², and be audited. */
export function isGradedByFolds(method: string): boolean {
  const entry = methodEntry(method);
  return method !== 'exact' && entry?.design === undefined && entry?.run === undefined;
}
