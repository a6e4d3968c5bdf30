import { linear } from '../../baselines/linear.ts';
import type { Masks } from '../../core/masks.ts';
import { autoDecode } from '../../explain/solve.ts';
import { gp } from '../../gp/gp.ts';
import { proxyspex } from '../../proxyspex/proxyspex.ts';
import { pursuit } from '../../pursuit/pursuit.ts';
import { rSquared } from '../../spectrum/cross-validate.ts';
import { type Decoder, evaluateSpectrum, type Spectrum } from '../../spectrum/spectrum.ts';
import { spex } from '../../spex/spex.ts';
import type { Points } from './curve.ts';
import { firstRows, type Game, isSequential, SEED } from './game.ts';
import { hitsOf } from './hits.ts';

/** Passes after which every method is graded. Masks come in pairs: 125 are 124. */
export const BUDGETS = [125, 250, 500, 1000, 2000, 4000, 8000] as const;

/** Methods that decode any masks, by the name they have in the results. */
export const OURS = {
  auto: autoDecode,
  gp,
  pursuit,
  proxyspex,
  'proxyspex-faithful': (masks, values, options) => proxyspex(masks, values, { ...options, faithful: true }),
  linear,
} as const satisfies Readonly<Record<string, Decoder>>;

/** The authors' recipe grows a hundred times the trees: it is run where it is compared, and no further. */
export const FAITHFUL_BUDGETS = [250, 1000] as const;

export type OurMethod = keyof typeof OURS;

/** After so many passes: R² on the fresh masks of a spectrum, and where a game has gold players, how many of them it finds. */
function graded({ head, fresh }: Game, passes: number, spectrum: Spectrum): Points[number] {
  const r2 = rSquared(evaluateSpectrum(spectrum, fresh.masks), fresh.values);
  return head.gold ? [passes, r2, hitsOf(spectrum, head.gold)] : [passes, r2];
}

/** A method at every budget that the game has rows for. */
export async function curveOf(game: Game, method: OurMethod): Promise<Points> {
  const budgets: readonly number[] = method === 'proxyspex-faithful' ? FAITHFUL_BUDGETS : BUDGETS;
  const options = { seed: SEED, ...(isSequential(game.head) && { sequential: true }) };
  const out: Points[number][] = [];
  for (const budget of budgets.filter((b) => b <= game.fit.masks.count)) {
    const { masks, values } = firstRows(game.fit, budget - (budget % 2));
    const decode: Decoder = OURS[method];
    out.push(graded(game, budget, (await decode(masks, values, options)).spectrum));
  }
  return out;
}

/** SPEX after each complete stage of its own masks, distinct ones counted. */
export async function spexCurve(game: Game): Promise<Points> {
  if (!game.spex) return [];
  const { plan, ...known } = game.spex;
  const out: Points[number][] = [];
  for (const { masks: count } of plan.stages) {
    const { masks, values } = firstRows(known, count);
    out.push(graded(game, count, (await spex(masks as Masks, values, { seed: SEED, plan })).spectrum));
  }
  return out;
}
