import { WebspexError } from '../index.ts';
import { INTERRUPTED } from './exit-codes.ts';

/**
 * Calls `first` at the first Ctrl-C and `again` at every later one, until the returned function is called.
 * Without such a listener Ctrl-C ends the process at once, as usual.
 */
export function onInterrupt(first: () => void, again: () => void): () => void {
  let count = 0;
  const listen = () => (count++ === 0 ? first() : again());
  process.on('SIGINT', listen);
  return () => process.off('SIGINT', listen);
}

/** What Ctrl-C does to a command while it works. */
export interface Interrupts {
  /** Whether there has been a Ctrl-C. */
  readonly interrupted: boolean;
  /** Aborted by a Ctrl-C at a time when nothing is worth keeping. */
  readonly signal: AbortSignal;
  /** Waits for `work`, but no longer than until the first Ctrl-C. @throws aborted. */
  orInterrupted<T>(work: Promise<T>): Promise<T>;
  /** While `work` goes on, the first Ctrl-C calls `stop`, and `work` ends by itself with what is known. */
  stopping<T>(stop: () => void, work: Promise<T>): Promise<T>;
  end(): void;
}

/** The first Ctrl-C stops and keeps what is known, the second ends the process with `exitCode`; `onStop` may say so. */
export function watchInterrupts(onStop: () => void, exitCode = INTERRUPTED): Interrupts {
  const abort = new AbortController();
  let interrupted = false;
  let stop: (() => void) | null = null;
  let refuse: (error: WebspexError) => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  aborted.catch(() => {});
  const first = () => {
    interrupted = true;
    if (stop) {
      onStop();
      return stop();
    }
    abort.abort();
    refuse(new WebspexError('aborted', 'run: interrupted before there was anything to keep; run it again'));
  };
  const end = onInterrupt(first, () => process.exit(exitCode));
  return {
    get interrupted() {
      return interrupted;
    },
    signal: abort.signal,
    orInterrupted: (work) => Promise.race([work, aborted]),
    async stopping(call, work) {
      stop = call;
      try {
        return await work;
      } finally {
        stop = null;
      }
    },
    end,
  };
}
