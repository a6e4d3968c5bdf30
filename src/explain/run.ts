import { WebspexError } from '../core/errors.ts';
import type { Explanation } from './document.ts';

/** A running explanation: iterate for snapshots, await `result` for the last one. */
export interface ExplainRun extends AsyncIterable<Explanation> {
  readonly result: Promise<Explanation>;
  /** Ends early and keeps what is known: the result is made of the passes evaluated so far. */
  stop(): void;
}

/** What a producer of snapshots sees of its run. */
export interface RunControl {
  readonly stopped: boolean;
  emit(snapshot: Explanation): void;
}

/** Starts the producer; every iterator sees every snapshot from the first on, slow readers only delay themselves. */
export function startRun(produce: (control: RunControl) => Promise<Explanation>): ExplainRun {
  const snapshots: Explanation[] = [];
  let stopped = false;
  let ended = false;
  let wake: () => void = () => {};
  let changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const announce = () => {
    const old = wake;
    changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    old();
  };
  const control: RunControl = {
    get stopped() {
      return stopped;
    },
    emit(snapshot) {
      snapshots.push(snapshot);
      announce();
    },
  };
  const result = produce(control)
    .then((last) => {
      if (snapshots.at(-1) !== last) control.emit(last);
      return last;
    })
    .finally(() => {
      ended = true;
      announce();
    });
  result.catch(() => {}); // whoever awaits the result or iterates sees the error; nobody is told twice
  return {
    result,
    stop() {
      stopped = true;
    },
    async *[Symbol.asyncIterator]() {
      for (let next = 0; ; ) {
        const waiting = changed;
        if (next < snapshots.length) yield snapshots[next++];
        else if (ended) {
          await result;
          return;
        } else await waiting;
      }
    },
  };
}

/** Lets messages and timers in; throws where the signal was aborted. */
export function breather(signal: AbortSignal | undefined, everyMs = 40): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last >= everyMs) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      last = performance.now();
    }
    if (signal?.aborted)
      throw new WebspexError('aborted', 'run: aborted by its signal; call stop() instead to keep what is known', { cause: signal.reason });
  };
}
