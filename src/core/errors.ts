/** Stable error codes; the command line maps each to an exit code, the page to a sentence and an action. */
export type ErrorCode =
  | 'usage'
  | 'empty-input'
  | 'too-long'
  | 'budget-too-small'
  | 'bad-file'
  | 'hash-mismatch'
  | 'unsupported-model'
  | 'not-found'
  | 'insecure-context'
  | 'no-webgpu'
  | 'no-adapter'
  | 'no-wasm'
  | 'device-lost'
  | 'out-of-memory'
  | 'non-finite'
  | 'value-function'
  | 'spend-cap'
  | 'self-check'
  | 'aborted';

/** The one error type of the library: `message` says what, expected and got, and what to do; `code` is for programs. */
export class WebspexError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WebspexError';
    this.code = code;
  }
}

/** Throws the signal's reason where it has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new WebspexError('aborted', 'run: aborted by its signal; call stop() instead to keep what is known', { cause: signal.reason });
}
