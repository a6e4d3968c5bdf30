import type { ExplainOptions, ValueFunction } from '../index.ts';
import { type Arguments, usage, wholeNumber } from './arguments.ts';
import { openProgram } from './program.ts';
import { MOST_TABLE_PLAYERS, readTable, tableFunction } from './table.ts';
import { MODEL_FLAGS, MODEL_VALUES, runOptions } from './text-options.ts';

export const FUNCTION_VALUES = ['values', 'exec', 'players'] as const;

export const FUNCTION_HELP = [
  ['--values F', 'instead of a text a complete table of values: float32, little-endian, 2^N of them; bit i of a place = player i present'],
  [
    '--exec COMMAND',
    'instead of a text any program: it is started once and for each line {"id":0,"masks":["0110",…]} on standard input (character i = player i, 1 = present) prints one line {"id":0,"values":[…]}',
  ],
  ['--players N', 'how many players the table or the program has'],
] as const;

/** What else there is to be explained instead of a text. @throws usage where options of texts stand beside `--given`. */
export function refuseTextOptions(command: string, args: Arguments, given: string): void {
  const stray =
    [...MODEL_VALUES, 'file'].find((name) => args.value(name) !== undefined) ??
    ['stdin', 'dry-run', 'word-prior', ...MODEL_FLAGS].find((name) => args.has(name));
  if (stray !== undefined) throw usage(`${command}: expected no --${stray} with ${given}, got one; leave it out`);
  if (args.positionals.length > 0) throw usage(`${command}: expected either a text or ${given}, got both; leave one out`);
}

const MOST_PROGRAM_PLAYERS = 100_000;
/** Up to here all values of a table are transformed exactly by default. */
const EXACT_PLAYERS = 16;
/** Passes of a table cost nothing, solving does: more than the default of a model, and still a matter of seconds. */
const TABLE_BUDGET = 4096;

/** A program may take a while to answer at all, whatever it is asked. */
const PROGRAM_BATCH_MS = 2000;

/** A table or a program, not yet opened, and the options of its run. */
export interface FunctionRun {
  readonly players: number;
  /** What makes it another question than one with as many players. */
  readonly own: Readonly<Record<string, unknown>>;
  readonly options: Omit<ExplainOptions, 'players' | 'onProgress' | 'signal'>;
  /** @throws not-found, bad-file, non-finite. */
  open(): Promise<{ readonly valueFunction: ValueFunction; close(): void }>;
}

/** What `--values` or `--exec` name, or null where neither is given. @throws usage where an option is for texts. */
export function functionRun(command: string, args: Arguments): FunctionRun | null {
  const [values, exec] = [args.value('values'), args.value('exec')];
  if (values !== undefined && exec !== undefined) throw usage(`${command}: expected either --values or --exec, got both; leave one out`);
  if (values === undefined && exec === undefined) {
    if (args.value('players') === undefined) return null;
    throw usage(`${command}: expected --players only with --values or --exec, got it with a text; leave it out`);
  }
  const given = values === undefined ? '--exec' : '--values';
  refuseTextOptions(command, args, given);
  const players = wholeNumber(args, 'players', 1, values === undefined ? MOST_PROGRAM_PLAYERS : MOST_TABLE_PLAYERS);
  if (players === undefined) throw usage(`${command}: expected --players N with ${given}, got none; say how many players there are`);
  const options = runOptions(args);
  if (values === undefined) {
    if (exec?.trim() === '') throw usage('--exec: expected a command, got an empty one; name a program');
    const open = async () => openProgram(exec as string);
    return { players, own: { exec }, options: { ...options, batchMs: PROGRAM_BATCH_MS }, open };
  }
  if (args.has('resume')) throw usage(`${command}: expected no --resume with --values, which costs nothing, got one; leave it out`);
  const budget = options.budget ?? (players <= EXACT_PLAYERS ? 2 ** players : TABLE_BUDGET);
  const open = async () => ({ valueFunction: tableFunction(await readTable(values, players)), close: () => {} });
  return { players, own: { values }, options: { ...options, budget }, open };
}
