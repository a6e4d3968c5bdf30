import { isGradedByFolds } from '../explain/methods.ts';
import { METHODS, type Method } from '../explain/options.ts';
import { followGame, type Held, type Look } from './coverage/follow.ts';
import { type Game, plantedGames } from './coverage/games.ts';
import { stopRow } from './coverage/stops.ts';
import { type BenchContext, type Benchmark, type Row, rounded, rowOf, spread } from './harness.ts';

const PLANTED = 12;
/** Runs at least, every game from as many seeds as that takes. */
const RUNS = 300;
/** The last look of a run: 64 passes, seven times 1.35 as many. */
const BUDGET = 518;

/** Methods that have an interval of R² and can stop at one. */
export const COVERED_METHODS: readonly Method[] = METHODS.filter(isGradedByFolds);

/** What is covered, and the least share that is asked for. */
const KINDS = [
  { id: 'r2', title: '95 % intervals of R² that hold the true R² over unseen masks', goal: 93, held: (look: Look) => look.interval },
  { id: 'mains', title: '95 % ranges of single players that hold the exact FBII', goal: 93, held: (look: Look) => look.mains },
  { id: 'pairs', title: 'the same of the ten pairs that look largest', goal: 93, held: (look: Look) => look.pairs },
  { id: 'triples', title: 'the same of the ten triples that look largest', goal: 90, held: (look: Look) => look.triples },
] as const;

/** Passes told apart. */
const BANDS = [
  { name: 'below 100 passes', from: 0, to: 100 },
  { name: '100 to 299', from: 100, to: 300 },
  { name: 'from 300', from: 300, to: Number.POSITIVE_INFINITY },
] as const;

function add(all: readonly Held[]): Held {
  return all.reduce<Held>((sum, { of, held }) => ({ of: sum.of + of, held: sum.held + held }), { of: 0, held: 0 });
}

const percent = ({ of, held }: Held): number => rounded((100 * held) / Math.max(1, of));

function coverageRow(kind: (typeof KINDS)[number], looks: readonly Look[], context: Pick<BenchContext, 'commit'>, method: Method): Row {
  const share = (some: readonly Look[]) => add(some.map(kind.held));
  const by = (name: (look: Look) => string) => {
    const groups = new Map<string, Look[]>();
    for (const look of looks) groups.set(name(look), [...(groups.get(name(look)) ?? []), look]);
    return Array.from(groups, ([group, some]) => ({ group, share: share(some) })).filter((g) => g.share.of > 0);
  };
  const worst = by(({ game }) => game.name).sort((a, b) => percent(a.share) - percent(b.share))[0];
  const bands = BANDS.map(({ name, from, to }) => ({ group: name, share: share(looks.filter((l) => l.passes >= from && l.passes < to)) }));
  const all = share(looks);
  return rowOf({
    id: `${kind.id}-${method}`,
    title: kind.title,
    ours: percent(all),
    unit: '%',
    adapter: 'CPU, one thread',
    commit: context.commit,
    details: {
      goal: kind.goal,
      ranges: all.of,
      ...Object.fromEntries([...by(({ game }) => game.family), ...bands].map((g) => [g.group, percent(g.share)])),
      worst: `${worst.group} ${percent(worst.share)}`,
      ...(kind.id === 'r2' ? widths(looks) : {}),
    },
  });
}

/** Median true R² and width of the interval by passes. */
function widths(looks: readonly Look[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const passes of new Set(looks.map((l) => l.passes))) {
    const some = looks.filter((l) => l.passes === passes);
    const median = (of: (look: Look) => number) => spread(some.map(of)).median.toFixed(3);
    out[`median R² and width at ${passes}`] = `${median((l) => l.truth)} ± ${median((l) => l.width / 2)}`;
  }
  return out;
}

/** Explains every game from every seed, and counts what held. */
export async function coverageRows(
  context: BenchContext,
  games: readonly Game[],
  seeds: readonly number[],
  method: Method,
): Promise<Row[]> {
  const started = context.cpuSeconds();
  const runs = await followAll(context, games, seeds, method);
  return rowsOf(context, runs, method, rounded((context.cpuSeconds() - started) / runs.length));
}

/** The looks of every run. */
export async function followAll(
  context: Pick<BenchContext, 'report'>,
  games: readonly Game[],
  seeds: readonly number[],
  method: Method,
): Promise<Look[][]> {
  const runs: Look[][] = [];
  for (const game of games)
    for (const seed of seeds) {
      context.report(`coverage: ${method}, ${game.name}, seed ${seed}`);
      runs.push(await followGame(game, method, BUDGET, seed));
    }
  return runs;
}

/** What held, and how stops fared, of the looks of every run. */
export function rowsOf(context: Pick<BenchContext, 'commit'>, runs: readonly Look[][], method: Method, cpuSecondsARun: number): Row[] {
  const looks = runs.flat();
  const kinds = KINDS.filter(({ held }) => looks.some((look) => held(look).of > 0));
  const rows = [...kinds.map((kind) => coverageRow(kind, looks, context, method)), ...stopRow(runs, context, method)];
  return rows.map((row) => ({ ...row, details: { ...row.details, cpuSecondsARun } }));
}

/** Seeds that make 300 runs or more of so many games. */
export function seedsFor(games: number): number[] {
  return Array.from({ length: Math.ceil(RUNS / games) }, (_, i) => i + 1);
}

/** Whether error bars hold what they say, on functions of which every value is known. */
export const coverage: Benchmark = {
  title: 'error bars, R² intervals and the stop rule beside the truth, on planted games and on complete tables (--tables DIR)',
  async run(context) {
    const tables = (await context.readTables?.()) ?? [];
    if (tables.length === 0) context.report('coverage: no --tables DIR, so complete tables are skipped; planted games alone');
    const games = [...plantedGames(PLANTED), ...tables];
    return coverageRows(context, games, seedsFor(games.length), context.method ?? 'auto');
  },
};
