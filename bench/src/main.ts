import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runningCommit } from '../../src/cli/commit.ts';
import { type Compared, compare } from './compare.ts';
import { chromium, node, type Place } from './places.ts';
import { type ContestPlan, PLACES, PLANS, type PlaceName } from './rows.ts';
import { table } from './table.ts';

export { environment } from './environment.ts';

const OK = 0;
const USAGE = 2;
/** Some side gave other numbers. */
const UNEQUAL = 4;
const HELP = `node run.mjs [ROW…] [--in PLACE,…] [--rounds N] [--causal FILE.gguf] [--masks N] [--json]
ROW is the beginning of a row's name: C1, C1-384, C2, C2-sorted, C3, C4, C5, W1. Without one, all are run.
PLACE is ${PLACES.join(', ')}. Without one, all are taken.
C3 needs SmolLM2-135M-Instruct as a GGUF file; --masks N gives it another number of masks than 1,000.
`;

/** Runs the rows asked for; the exit code. */
export async function main(args: readonly string[], folder: string): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  let asked: ReturnType<typeof read>;
  try {
    asked = read(args);
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

/** @throws Error that says what is wrong with them. */
function read(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      in: { type: 'string' },
      rounds: { type: 'string' },
      causal: { type: 'string' },
      masks: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const places = (values.in?.split(',') ?? PLACES) as PlaceName[];
  const stray = places.find((p) => !PLACES.includes(p));
  if (stray !== undefined) throw new Error(`--in: expected ${PLACES.join(', ')}, got ${stray}`);
  const [rounds, masks] = [whole('rounds', values.rounds, 1), whole('masks', values.masks, 32)];
  const { causal, json, help } = values;
  if (causal !== undefined && !existsSync(causal)) throw new Error(`--causal: expected a GGUF file, got ${causal}, which is not there`);
  const plans = plansFor(positionals).map((plan) =>
    plan.needs === 'causal' && masks !== undefined ? { ...plan, contest: `prompts ${masks}` } : plan,
  );
  return { plans, places, rounds, causal: causal === undefined ? undefined : resolve(causal), json, help };
}

function whole(name: string, given: string | undefined, least: number): number | undefined {
  if (given === undefined) return undefined;
  if (!(Number.isInteger(Number(given)) && Number(given) >= least))
    throw new Error(`--${name}: expected a whole number from ${least}, got ${given}`);
  return Number(given);
}

/** The contests with those of their rows whose name starts as one of those asked for. @throws Error where a name is no row's. */
function plansFor(asked: readonly string[]): ContestPlan[] {
  const fits = (id: string, name: string) => id.toLowerCase().replaceAll('×', 'x').startsWith(name.toLowerCase().replaceAll('×', 'x'));
  const all = PLANS.flatMap((plan) => plan.rows);
  const unknown = asked.find((name) => !all.some((row) => fits(row.id, name)));
  if (unknown !== undefined) throw new Error(`row: expected the beginning of ${all.map((row) => row.id).join(', ')}, got ${unknown}`);
  return PLANS.map((plan) => ({
    ...plan,
    rows: plan.rows.filter((row) => asked.length === 0 || asked.some((name) => fits(row.id, name))),
  })).filter((plan) => plan.rows.length > 0);
}
