import type { ValueFunction } from '../../core/masks.ts';
import type { Explanation } from '../../explain/document.ts';
import { explain } from '../../explain/explain.ts';
import type { Method } from '../../explain/options.ts';
import type { Game } from './games.ts';
import { exactFbii, setOf, trueR2 } from './truth.ts';

/** As listed by default. */
const ORDER = 4;
/** The largest pairs and triples are looked up, as a reader does. */
const TOP = 10;
const NORMAL_975 = 1.959964;
/** No fit reaches it: the run goes on to its budget, and every look says what a stop rule would see. */
const NEVER = 1 - 1e-9;

/** How many ranges were looked at, and how many held the exact value. */
export interface Held {
  readonly of: number;
  readonly held: number;
}

/** One explanation of a game beside the truth. */
export interface Look {
  readonly game: Game;
  readonly passes: number;
  readonly r2: number;
  /** What the stop rule compares. */
  readonly bound: number;
  /** Over the masks that it has not seen. */
  readonly truth: number;
  readonly interval: Held;
  /** Width of the interval. */
  readonly width: number;
  readonly mains: Held;
  readonly pairs: Held;
  readonly triples: Held;
}

/** Explains a game, and compares every look with all the values. */
export async function followGame(game: Game, method: Method, budget: number, seed: number): Promise<Look[]> {
  const exact = exactFbii(game, ORDER);
  const seen = new Uint8Array(game.values.length);
  const order: number[] = [];
  const out: Look[] = [];
  let next = 0;
  const valueFunction: ValueFunction = async ({ words }) => {
    order.push(...words);
    return Float32Array.from(words, (m) => game.values[m]);
  };
  const run = explain(valueFunction, {
    players: game.players,
    method,
    budget,
    seed,
    maxOrder: ORDER,
    untilR2: NEVER,
  });
  for await (const e of run) {
    while (next < e.fit.queries) seen[order[next++]] = 1;
    out.push(lookAt(e, game, exact, trueR2(e, game, seen)));
  }
  return out;
}

function lookAt({ fit, interactions }: Explanation, game: Game, exact: Float64Array, truth: number): Look {
  const held = (size: number, most: number): Held => {
    const shown = interactions.filter(({ members }) => members.length === size).slice(0, most);
    const within = shown.filter(({ members, value, se }) => Math.abs(value - exact[setOf(members)]) <= NORMAL_975 * se);
    return { of: shown.length, held: within.length };
  };
  return {
    game,
    passes: fit.queries,
    r2: fit.r2,
    bound: fit.until?.bound ?? Number.NEGATIVE_INFINITY,
    truth,
    interval: { of: 1, held: Number(fit.r2Low <= truth && truth <= fit.r2High) },
    width: fit.r2High - fit.r2Low,
    mains: held(1, game.players),
    pairs: held(2, TOP),
    triples: held(3, TOP),
  };
}
