import { cpus } from 'node:os';
import { join } from 'node:path';
import { runningCommit } from '../../src/cli/commit.ts';
import { HELP, readArguments } from './arguments.ts';
import { type Compared, compare } from './compare.ts';
import { chromium, node, type Place } from './places.ts';
import type { PlaceName } from './rows.ts';
import { table } from './table.ts';

export { environment } from './environment.ts';

const OK = 0;
const USAGE = 2;
/** Some side gave other numbers. */
const UNEQUAL = 4;
/** Runs the rows asked for; the exit code. */
export async function main(args: readonly string[], folder: string): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  let asked: ReturnType<typeof readArguments>;
  try {
    asked = readArguments(args);
  } catch (error) {
    say(`bench: ${(error as Error).message}\n\n${HELP}`);
    return USAGE;
  }
  const { plans, places, rounds, causal, json, help } = asked;
  if (help) {
    process.stdout.write(HELP);
    return OK;
  }
  const commit = await runningCommit(join(folder, '..'));
  const rows: Compared[] = [];
  for (const name of places) {
    const all = plans.filter((plan) => plan.places.includes(name));
    const here = all.filter((plan) => plan.needs !== 'causal' || causal !== undefined);
    const left = all.filter((plan) => !here.includes(plan)).flatMap((plan) => plan.rows.map((row) => row.id));
    if (left.length > 0) say(`bench: no --causal FILE.gguf, so no ${left.join(', ')} in ${name}`);
    if (here.length === 0) continue;
    const place = await openPlace(name, folder, causal);
    if (!place) {
      say(`bench: no ${name}, so no ${here.flatMap((plan) => plan.rows.map((row) => row.id)).join(', ')}`);
      continue;
    }
    try {
      for (const plan of here) rows.push(...(await compare(place, plan, commit, rounds ?? plan.rounds, say)));
    } finally {
      await place.close();
    }
  }
  if (rows.length === 0) {
    say('bench: expected a row that can be measured here, got none; see above what is missing');
    return USAGE;
  }
  process.stdout.write(json ? `${JSON.stringify({ machine: cpus()[0]?.model, cores: cpus().length, rows }, null, 1)}\n` : table(rows));
  return rows.every((row) => row.equal) ? OK : UNEQUAL;
}

/** Null where what it needs is not on this machine. */
async function openPlace(name: PlaceName, folder: string, causal: string | undefined): Promise<Place | null> {
  switch (name) {
    case 'node':
      return node(folder, name, { causal });
    case 'chromium':
      return chromium(folder, name, { causal });
    case 'chromium-swiftshader':
      return chromium(folder, name, { webgpu: true });
    default: {
      const driver = process.env[name === 'node-lavapipe' ? 'BENCH_LAVAPIPE' : 'BENCH_SWIFTSHADER'];
      return driver ? node(folder, name, { vulkanDriver: driver }) : null;
    }
  }
}
