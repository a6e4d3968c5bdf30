/** How long the GPU process may be silent: at least `floorMs`, or 20 times the median of the batches so far (reliability.md row 6). */
const MEDIANS = 20;

/** A deadline that every sign of life puts off. */
export interface Watch {
  /** Work was given out: from now on silence counts. */
  arm(): void;
  /** A batch came back. */
  beat(): void;
  /** Nothing is owed. */
  rest(): void;
  deadlineMs(): number;
}

/** `expired` is called once with the deadline that passed; a rested watch never expires. */
export function createWatch(floorMs: number, expired: (deadlineMs: number) => void): Watch {
  const waits: number[] = [];
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  const deadlineMs = () => {
    const sorted = [...waits].sort((a, b) => a - b);
    return Math.max(floorMs, MEDIANS * (sorted[sorted.length >> 1] ?? 0));
  };
  const start = () => {
    clearTimeout(timer);
    since = performance.now();
    const deadline = deadlineMs();
    timer = setTimeout(() => expired(deadline), deadline);
    timer.unref();
  };
  return {
    arm: start,
    beat() {
      if (timer) waits.push(performance.now() - since);
      if (waits.length > 64) waits.shift();
      start();
    },
    rest() {
      clearTimeout(timer);
      timer = undefined;
    },
    deadlineMs,
  };
}
