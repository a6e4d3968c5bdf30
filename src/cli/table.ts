import { type ExplainOptions, type ExplainRun, explain, WebspexError } from '../index.ts';
import { type Arguments, usage, wholeNumber } from './arguments.ts';
import { readBytes } from './files.ts';
import { MODEL_VALUES, runOptions } from './text-options.ts';

/** 2²⁴ values are 64 MiB; beyond that nobody has a complete table. */
const MOST_PLAYERS = 24;
/** Up to here all values are transformed exactly by default. */
const EXACT_PLAYERS = 16;
/** Passes of a table cost nothing, solving does: more than the default of a model, and still a matter of seconds. */
const TABLE_BUDGET = 4096;

type TableOptions = Omit<ExplainOptions, 'players' | 'onProgress' | 'signal'>;

/** `--values F --players N` and the options of the run. @throws usage where an option is for texts. */
export function tableRun(args: Arguments): { file: string; players: number; options: TableOptions } {
  const file = args.value('values') as string;
  const stray = [...MODEL_VALUES, 'file'].find((name) => args.value(name) !== undefined) ?? (args.has('stdin') ? 'stdin' : undefined);
  if (stray !== undefined) throw usage(`explain: expected no --${stray} with --values, got one; leave it out`);
  if (args.positionals.length > 0) throw usage('explain: expected either a text or --values, got both; leave one out');
  const players = wholeNumber(args, 'players', 1, MOST_PLAYERS);
  if (players === undefined) throw usage('explain: expected --players N with --values, got none; say how many players the table has');
  const options = runOptions(args);
  return { file, players, options: { ...options, budget: options.budget ?? (players <= EXACT_PLAYERS ? 2 ** players : TABLE_BUDGET) } };
}

/** The table of a value function: entry m is the value of the mask whose bit i says that player i is present. @throws not-found, bad-file, non-finite. */
export async function readTable(file: string, players: number): Promise<Float32Array> {
  const wanted = 4 * 2 ** players;
  const wrong = (got: number) =>
    new WebspexError(
      'bad-file',
      `${file}: expected ${wanted} bytes (2^${players} float32 values), got ${got}; check --players, or write the whole table`,
    );
  const bytes = await readBytes(file, wanted, wrong);
  if (bytes.length !== wanted) throw wrong(bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: 2 ** players }, (_, m) => {
    const value = view.getFloat32(4 * m, true);
    if (Number.isFinite(value)) return value;
    throw new WebspexError('non-finite', `${file}: expected finite numbers, got ${value} at place ${m}; mend the table`);
  });
}

/** Explains a complete table of values. */
export function explainTable(table: Float32Array, players: number, options: Omit<ExplainOptions, 'players'>): ExplainRun {
  return explain(async (masks) => Float32Array.from(masks.words, (mask) => table[mask]), { ...options, players });
}
