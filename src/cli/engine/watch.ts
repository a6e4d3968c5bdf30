import type { Endpoint } from '../../text.ts';

/** Finding an adapter, and loading a model on it, may take this long in silence. */
export const START_MS = 60_000;
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

/**
 * The endpoint with a watch over its far side, which `giveUp` hears of. What passes by tells whether a batch is owed: nothing is while the
 * far side decodes, which is arithmetic and may take its time.
 */
export function withDeadline(endpoint: Endpoint, floorMs: number, giveUp: (reason: string) => void): Endpoint {
  let loaded = false;
  const watch = createWatch(floorMs, (ms) => giveUp(`silence for ${Math.round(ms / 100) / 10} s`));
  const loading = createWatch(Math.max(START_MS, floorMs), (ms) => giveUp(`silence for ${Math.round(ms / 1000)} s while it loaded`));
  endpoint.addEventListener('message', ({ data }) => {
    const { reply, progress } = data as { reply?: string; progress?: { phase?: string } };
    if (!loaded) {
      if (reply === 'done' || reply === 'failed') {
        loaded = true;
        loading.rest();
      } else loading.arm();
    } else if (reply === 'done' || reply === 'failed') watch.rest();
    else if (reply === 'snapshot') watch.arm();
    else if (progress?.phase === 'decoding') watch.rest();
    else if (progress) watch.beat();
  });
  return {
    ...endpoint,
    postMessage(message) {
      const { call } = message as { call?: string };
      if (call === 'load') loading.arm();
      if (call === 'explain' || call === 'evaluate' || call === 'describe') watch.arm();
      endpoint.postMessage(message);
    },
  };
}
