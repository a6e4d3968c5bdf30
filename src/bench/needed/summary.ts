import { type Row, rounded, spread } from '../harness.ts';
import { type Points, passesNeeded, r2At } from './curve.ts';
import type { Family, GameHead } from './game.ts';
import { HIT_KS } from './hits.ts';
import { BUDGETS } from './methods.ts';

/** One method on one game. */
export interface Curve {
  readonly game: Pick<GameHead, 'name' | 'family' | 'n'>;
  readonly method: string;
  readonly points: Points;
}

/** The peer whose R² is to be reached, and the one that is reached at its own largest number of passes. */
export const PROXYSPEX = 'shapiq ProxySPEX';
export const SPEX = 'SPEX, LASSO refit';

export const FAMILY_TITLES: Readonly<Record<Family, string>> = {
  minilm: 'MiniLM, reviews',
  smollm2: 'SmolLM2, everything maskable',
  'smollm2-locked': 'SmolLM2, stem locked',
  'smollm2-sentences': 'SmolLM2, sentences of HotpotQA',
  distilbert: 'DistilBERT tables, 14 words',
  unanimity: 'sums of unanimity games, 15 players',
  sparse: 'planted sparse, noise',
  'and-or': 'AND/OR groups, saturated',
  parity: 'pure parities of degree 3 and 4',
};

export const GAME_FAMILIES: readonly string[] = Object.keys(FAMILY_TITLES);

/** Times fewer passes than a reference; 0 where its R² is not reached. */
interface Saving {
  readonly game: string;
  readonly times: number;
  /** There already at the first budget: at least so many times. */
  readonly atLeast: boolean;
}

function savingOf({ game, points }: Curve, reference: Points | undefined, passes: number): Saving | null {
  const target = reference && r2At(reference, passes);
  if (target === null || target === undefined) return null;
  const { passes: needed, atFirst } = passesNeeded(points, target);
  return { game: game.name, times: passes / needed, atLeast: atFirst };
}

const said = ({ times, atLeast }: Omit<Saving, 'game'>) => (times === 0 ? 'never' : `${atLeast ? '≥' : ''}${Number(times.toPrecision(3))}`);

/** Median and range: "5.1 (2.3 to ≥16)". */
function range(savings: readonly Saving[]): string {
  const sorted = [...savings].sort((a, b) => a.times - b.times);
  const { median } = spread(sorted.map((s) => s.times));
  const middle = { times: median, atLeast: sorted.some((s) => s.atLeast && s.times === median) };
  return `${said(middle)} (${said(sorted[0])} to ${said(sorted[sorted.length - 1])})`;
}

/** The largest of the budgets at which the peer was run on every game of the family. */
function references(curves: readonly Curve[]): number[] {
  return BUDGETS.filter((budget) => budget >= 500 && curves.length > 0 && curves.every((c) => r2At(c.points, budget) !== null)).slice(-2);
}

/** One row for each family and method: passes for the peer's R², and R² after each number of passes. */
export function summarise(curves: readonly Curve[], commit: string): Row[] {
  const families = [...new Set(curves.map((c) => c.game.family))];
  return families.flatMap((family) => {
    const own = curves.filter((c) => c.game.family === family);
    const methods = [...new Set(own.map((c) => c.method))];
    return methods.map((method) => rowOf(family, method, own, commit));
  });
}

/** Mean hit@k over games after each number of passes, where every game has it: `hit3At500`. */
function hitDetails(curves: readonly Curve[], budgets: readonly number[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [i, k] of HIT_KS.entries())
    for (const budget of budgets) {
      const hits = curves.flatMap(({ points }) => points.find(([n]) => n === budget)?.[2]?.[i] ?? []);
      if (hits.length === curves.length) out[`hit${k}At${budget}`] = rounded(hits.reduce((a, b) => a + b, 0) / hits.length);
    }
  return out;
}

function rowOf(family: Family, method: string, all: readonly Curve[], commit: string): Row {
  const own = all.filter((c) => c.method === method);
  const of = (peer: string) => new Map(all.filter((c) => c.method === peer).map((c) => [c.game.name, c.points]));
  const proxyspex = of(PROXYSPEX);
  const spex = of(SPEX);
  const reached = references(all.filter((c) => c.method === PROXYSPEX));
  const savings = reached.map((passes) => own.flatMap((c) => savingOf(c, proxyspex.get(c.game.name), passes) ?? []));
  const last = savings.at(-1) ?? [];
  const against = own.flatMap((c) => {
    const peer = spex.get(c.game.name);
    return peer && peer.length > 0 && method !== SPEX ? (savingOf(c, peer, peer[peer.length - 1][0]) ?? []) : [];
  });
  const median = last.length > 0 ? spread(last.map((s) => s.times)).median : 0;
  const peer = last.length > 0 ? reached[reached.length - 1] : null;
  const details: Record<string, number | string> = { games: own.length };
  const budgets = [...new Set(own.flatMap((c) => c.points.map(([n]) => n)))].sort((a, b) => a - b);
  for (const budget of budgets) {
    const r2 = own.flatMap((c) => r2At(c.points, budget) ?? []);
    if (r2.length === own.length || own.every((c) => c.points.length === 0)) details[`r2At${budget}`] = rounded(spread(r2).median);
  }
  Object.assign(details, hitDetails(own, budgets));
  for (const [i, passes] of reached.entries()) if (savings[i].length > 0) details[`timesFewerThanProxySpexAt${passes}`] = range(savings[i]);
  if (against.length > 0) details.timesFewerThanSpex = range(against);
  if (last.length > 0) details.each = last.map((s) => `${s.game} ${said(s)}`).join(', ');
  return {
    id: `needed-${family}-${method.replaceAll(/[^\w.]+/g, '-').toLowerCase()}`,
    title: `${FAMILY_TITLES[family]}: ${method}`,
    ours: peer !== null && median > 0 ? rounded(peer / median) : 0,
    peer,
    ratio: peer === null ? null : rounded(median),
    unit: 'passes',
    peerName: peer === null ? null : `shapiq 1.4.1 ProxySPEX`,
    equal: null,
    adapter: 'CPU, one thread',
    commit,
    details,
  };
}
