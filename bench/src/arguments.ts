import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ContestPlan, PLACES, PLANS, type PlaceName } from './rows.ts';

export const HELP = `node run.mjs [ROW…] [--in PLACE,…] [--rounds N] [--causal FILE.gguf] [--masks N] [--json]
ROW is the beginning of a row's name: C1, C1-384, C2, C2-sorted, C3, C4, C5, W1. Without one, all are run.
PLACE is ${PLACES.join(', ')}. Without one, all are taken.
C3 needs SmolLM2-135M-Instruct as a GGUF file; --masks N gives it another number of masks than 1,000.
`;

/** @throws Error that says what is wrong with them. */
export function readArguments(args: readonly string[]) {
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
  const chosen = plansFor(positionals);
  checkPlaces(positionals, places);
  const plans = chosen.map((plan) => (plan.needs === 'causal' && masks !== undefined ? { ...plan, contest: `prompts ${masks}` } : plan));
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

/** @throws Error where a name has rows in none of the places, which says where they are. */
function checkPlaces(asked: readonly string[], places: readonly PlaceName[]): void {
  for (const name of asked) {
    const plans = plansFor([name]);
    if (plans.some((plan) => plan.places.some((place) => places.includes(place)))) continue;
    const having = PLACES.filter((place) => plans.some((plan) => plan.places.includes(place)));
    throw new Error(`--in: expected a place that has ${name}, one of ${having.join(', ')}, got ${places.join(', ')}`);
  }
}
