import { type Row, rounded, spread } from '../../src/bench/harness.ts';
import { machineSeconds } from './cpu.ts';
import type { Place } from './places.ts';
import type { ContestPlan, RowPlan } from './rows.ts';

/** float32 of one model, or one product, on two engines. */
const EQUAL = 1e-4;

interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

/** A row, with the goal it is held to. */
export interface Compared extends Row {
  readonly goal: number | null;
  /** The least ratio of any two runs of one round. */
  readonly least: number;
}

/** Runs all sides in turn, round after round, in one process or browser, and compares their medians and their numbers. */
export async function compare(
  place: Place,
  plan: ContestPlan,
  commit: string,
  rounds: number,
  report: (line: string) => void,
): Promise<Compared[]> {
  const wanted = [...new Set(plan.rows.flatMap((row) => [row.ours, row.peer]))];
  const contest = await place.enter(plan.contest, wanted);
  try {
    const sides = contest.sides.filter((side) => wanted.includes(side));
    for (const side of sides) {
      report(`${place.name}, ${plan.contest}: warming up ${side}`);
      await contest.warm(side);
    }
    const samples = new Map<string, Sample[]>(sides.map((side) => [side, []]));
    const before = { machine: machineSeconds(), own: ownSeconds(place), at: performance.now() };
    for (let round = 0; round < rounds; round++)
      for (const side of sides) {
        const sample = await measured(place, () => contest.run(side));
        samples.get(side)?.push(sample);
        report(`${place.name}, ${plan.contest}, round ${round + 1} of ${rounds}: ${side} ${rounded(sample.cpu)} cpu-s`);
      }
    const elapsed = (performance.now() - before.at) / 1000;
    const others = (machineSeconds() - before.machine - (ownSeconds(place) - before.own)) / elapsed;
    const facts = { ...(await contest.facts()), rounds, otherCores: Number(Math.max(0, others).toFixed(2)) };
    const rows: Compared[] = [];
    for (const row of plan.rows) {
      const apart = Math.max(await contest.apart(row.ours), await contest.apart(row.peer));
      rows.push(rowOf(place, row, samples, { ...facts, apart: rounded(apart) }, commit, apart <= (row.tolerance ?? EQUAL)));
    }
    return rows;
  } finally {
    await contest.close();
  }
}

/** The runner itself is no foreign load either. */
function ownSeconds(place: Place): number {
  const { user, system } = process.cpuUsage();
  const runner = (user + system) / 1e6;
  const there = place.cpuSeconds();
  return place.name.startsWith('Node') ? there : runner + there;
}

async function measured(place: Place, work: () => Promise<void>): Promise<Sample> {
  const start = performance.now();
  const used = place.cpuSeconds();
  await work();
  return { cpu: place.cpuSeconds() - used, wall: (performance.now() - start) / 1000 };
}

function rowOf(
  place: Place,
  row: RowPlan,
  samples: ReadonlyMap<string, readonly Sample[]>,
  facts: Readonly<Record<string, number | string>>,
  commit: string,
  equal: boolean,
): Compared {
  const [ours, peer] = [samples.get(row.ours) ?? [], samples.get(row.peer) ?? []];
  const times = (list: readonly Sample[], unit: RowPlan['unit']) => list.map((s) => (unit === 'cpu-s' ? s.cpu : s.wall));
  const [mine, theirs] = [times(ours, row.unit), times(peer, row.unit)];
  const other = row.unit === 'cpu-s' ? 'wall-s' : 'cpu-s';
  const median = (list: readonly number[]) => spread(list).median;
  return {
    id: `${row.id}-${place.label}`,
    title: row.title,
    ours: rounded(median(mine)),
    peer: rounded(median(theirs)),
    ratio: rounded(median(theirs) / median(mine)),
    least: rounded(Math.min(...theirs.map((t, i) => t / mine[i]))),
    goal: row.goal ?? null,
    unit: row.unit,
    peerName: row.peerName,
    equal,
    adapter: `${facts.adapter ?? 'CPU'}, ${place.name}`,
    commit,
    details: {
      ...facts,
      [`ours ${other}`]: rounded(median(times(ours, other))),
      [`peer ${other}`]: rounded(median(times(peer, other))),
      'ours all': mine.map(rounded).join(' '),
      'peer all': theirs.map(rounded).join(' '),
    },
  };
}
