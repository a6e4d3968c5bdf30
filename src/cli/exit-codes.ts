import { type ErrorCode, WebspexError } from '../index.ts';
import { visible } from './terminal/columns.ts';

/** Exit code of a run that ended early and goes on where it was when it is started again. */
export const RESUMABLE = 75;

/** What the shell is told for each error; 0 is success. Codes are part of the public contract. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  'empty-input': 2,
  'too-long': 2,
  'budget-too-small': 2,
  'bad-file': 3,
  'hash-mismatch': 3,
  'unsupported-model': 3,
  'not-found': 3,
  'self-check': 4,
  'insecure-context': 5,
  'no-webgpu': 5,
  'no-adapter': 5,
  'no-wasm': 5,
  'device-lost': 6,
  'out-of-memory': 6,
  'non-finite': 7,
  'value-function': 7,
  'spend-cap': RESUMABLE,
  aborted: 130,
};

/** Exit code of a run that was interrupted and showed what it had. */
export const INTERRUPTED = 130;

/** An error as the one line and the exit code that a shell sees; what is not ours is a bug, and says so. */
export function describeFailure(error: unknown): { line: string; exitCode: number } {
  const known = error instanceof WebspexError;
  const code = known ? error.code : 'self-check';
  const said = error instanceof Error ? error.message : String(error);
  const message = known ? said : `internal error: ${said}; please report it`;
  return { line: `webspex: ${code}: ${visible(message.replace(/\s*[\r\n]+\s*/g, ' '))}`, exitCode: EXIT_CODES[code] };
}
