import type { Method } from '../../explain/options.ts';
import { type BenchContext, type Row, rounded, rowOf, spread } from '../harness.ts';
import type { Look } from './follow.ts';

/** What users may ask of R². */
const GOALS = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9];

interface Stop {
  /** Below the goal at the look that ended the run. */
  readonly isFalse: boolean;
  /** Passes over those of an oracle that stops at the first look whose true R² reaches the goal. */
  readonly ratio: number;
  readonly name: string;
}

function stopOf(looks: readonly Look[], goal: number): Stop | null {
  const stopped = looks.find((look) => look.bound >= goal);
  const oracle = looks.find((look) => look.truth >= goal);
  if (!stopped) return null;
  return { isFalse: stopped.truth < goal, ratio: oracle ? stopped.passes / oracle.passes : 1, name: stopped.game.name };
}

/** False stops, and passes beside an oracle's where both stopped. */
export function stopRow(runs: readonly (readonly Look[])[], context: Pick<BenchContext, 'commit'>, method: Method): Row[] {
  const tried = runs.flatMap((looks) => GOALS.map((goal) => ({ looks, stop: stopOf(looks, goal), goal })));
  const stops = tried.flatMap(({ stop }) => (stop ? [stop] : []));
  const wrong = stops.filter(({ isFalse }) => isFalse);
  const late = tried.filter(({ looks, stop, goal }) => !stop && looks.some((look) => look.truth >= goal)).length;
  if (stops.length === 0) return [];
  const ratios = stops.map(({ ratio }) => ratio);
  const shared = { adapter: 'CPU, one thread', commit: context.commit };
  return [
    rowOf({
      id: `stops-${method}`,
      title: 'stops at a look whose true R² is below the one asked for',
      ours: rounded((100 * wrong.length) / stops.length),
      unit: '%',
      ...shared,
      details: {
        goal: 1,
        stops: stops.length,
        tried: tried.length,
        false: wrong.length,
        where: [...new Set(wrong.map(({ name }) => name))].join(', ') || 'nowhere',
      },
    }),
    rowOf({
      id: `passes-${method}`,
      title: 'passes until a stop over those of an oracle, mean where both stopped',
      ours: rounded(ratios.reduce((a, b) => a + b, 0) / ratios.length),
      unit: 'times',
      ...shared,
      details: { goal: 1.8, median: rounded(spread(ratios).median), most: rounded(spread(ratios).max), oracleAlone: late },
    }),
  ];
}
