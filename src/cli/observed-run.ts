import { type ExplainRun, explainObserved, readObservations, WebspexError } from '../index.ts';
import { type Arguments, usage, wholeNumber } from './arguments.ts';
import { checkReadable, readBytes } from './files.ts';
import { FUNCTION_VALUES, refuseTextOptions } from './function-run.ts';
import { runOptions } from './text-options.ts';

export const OBSERVED_VALUES = ['observations', 'column'] as const;

export const OBSERVED_HELP = [
  [
    '--observations F',
    'instead of a text masks and outcomes known already, such as of retrainings done elsewhere: lines {"mask":"0110…","value":1.5}, or an .npz of masks and values (or outcomes, margins); nothing more is evaluated',
  ],
  ['--column K', 'with an .npz of several outcomes for each mask: which one, from 0; default 0'],
] as const;

/** Tens of thousands of masks over thousands of players. */
const MOST_BYTES = 2 ** 30;
const MOST_COLUMNS = 10_000_000;

/** What `--observations` names, not yet read, or null where it is not given. @throws usage, not-found. */
export function observedRun(args: Arguments): (() => Promise<ExplainRun>) | null {
  const file = args.value('observations');
  if (file === undefined) {
    if (args.has('column')) throw usage('--column: expected --observations FILE, got none; name one, or leave --column out');
    return null;
  }
  refuseTextOptions('explain', args, '--observations');
  const stray = [...FUNCTION_VALUES, 'budget', 'until-r2', 'audit', 'resume'].find((name) => args.has(name));
  if (stray !== undefined) throw usage(`explain: expected no --${stray} with --observations, got one; leave it out`);
  const column = wholeNumber(args, 'column', 0, MOST_COLUMNS);
  const { budget: _, untilR2: _r, audit: _a, ...options } = runOptions(args);
  checkReadable(file);
  const tooLarge = (bytes: number) =>
    new WebspexError('bad-file', `${file}: expected at most ${MOST_BYTES} bytes, got ${bytes}; keep fewer observations`);
  return async () => explainObserved(readObservations(await readBytes(file, MOST_BYTES, tooLarge), file, column), options);
}
