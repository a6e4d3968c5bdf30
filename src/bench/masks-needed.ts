import type { BenchContext, Benchmark, Row } from './harness.ts';
import { gatherAll } from './needed/fresh.ts';
import { gameHeads, readPeers, readStored } from './needed/frozen.ts';
import type { Family, Game, GameHead } from './needed/game.ts';
import { curveOf, type OurMethod, spexCurve } from './needed/methods.ts';
import { PLANTED_NAMES, plantedGame } from './needed/planted.ts';
import { type Curve, summarise } from './needed/summary.ts';

/** Methods that are run here, in the order in which they are listed. */
const METHODS: readonly OurMethod[] = ['auto', 'pursuit', 'proxyspex', 'proxyspex-faithful', 'linear'];

/** A game that is read, or made, when its turn comes. */
interface Pending {
  readonly name: string;
  readonly family: Family;
  open(): Promise<Game>;
}

/** The games that are stored, then the planted ones; of the families named, where some are. */
async function pendingGames(context: BenchContext, families: readonly string[]): Promise<Pending[]> {
  const heads: readonly GameHead[] = await gameHeads(context);
  if (heads.length === 0)
    context.report('masks-needed: no stored games here (they are in a checkout of the repository), planted ones only');
  const all = [
    ...heads.map((head) => ({ name: head.name, family: head.family, open: () => readStored(context, head) })),
    ...PLANTED_NAMES.map((name) => ({ name, family: plantedGame(name).head.family, open: async () => plantedGame(name) })),
  ];
  return all.filter(({ family }) => families.length === 0 || families.includes(family));
}

async function curvesOf(game: Game, context: BenchContext): Promise<Curve[]> {
  const out: Curve[] = [];
  for (const method of METHODS) {
    context.report(`masks-needed: ${game.head.name}, ${method}`);
    const points = await curveOf(game, method);
    if (points.length > 0) out.push({ game: game.head, method, points });
  }
  const points = await spexCurve(game);
  if (points.length > 0) out.push({ game: game.head, method: 'spex', points });
  return out;
}

/** Held-out R² against passes, ours beside the peers' own, and how many passes each method needs for the R² that ProxySPEX has. */
export const masksNeeded: Benchmark = {
  title: 'passes that each method needs for the R² of shapiq’s ProxySPEX: stored games of real models, and planted functions',
  async run(context): Promise<Row[]> {
    if (context.writeGame) return gatherAll(context, context.writeGame);
    const peers = await readPeers(context);
    const curves: Curve[] = [];
    for (const { name, open } of await pendingGames(context, context.families ?? [])) {
      const game = await open();
      curves.push(...(await curvesOf(game, context)));
      for (const [method, points] of Object.entries(peers.curves[name] ?? {})) curves.push({ game: game.head, method, points });
    }
    return summarise(curves, context.commit);
  },
};
