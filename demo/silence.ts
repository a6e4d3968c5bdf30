import type { Endpoint } from '../src/text.ts';

/** Seconds that a GPU may take for a batch of passes: browsers themselves reset one that is busy for about as long. */
export const GPU_SILENCE_S = 10;
/** The same for a processor, which is never hung, only slow, and for loading, which waits for a network. */
export const SLOW_SILENCE_S = 600;
const TICK_MS = 1000;

interface Call {
  readonly call?: string;
  readonly id?: number;
}

interface Reply {
  readonly reply?: string;
  readonly id?: number;
  readonly progress?: { readonly phase?: string };
}

export interface Watched {
  /** The endpoint itself, for whoever talks over it. */
  readonly endpoint: Endpoint;
  limitTo(seconds: number): void;
}

/**
 * Watches what passes by an endpoint: where the far side owes passes and says nothing for `limit` seconds, it is ended and `expired` told
 * why, once. While it only decodes, which is arithmetic and may take its time, nothing is owed. Seconds are counted while this page is
 * awake: after a sleep the far side's message may come later than a timer.
 */
export function watchSilence(endpoint: Endpoint, limit: number, expired: (reason: string) => void): Watched {
  const owed = new Set<number>();
  let silent = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const rest = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const end = () => {
    rest();
    owed.clear();
    endpoint.terminate?.();
  };
  const tick = () => {
    if (++silent < limit) return;
    end();
    expired(`silence for ${silent} s`);
  };
  const watch = () => {
    silent = 0;
    if (owed.size === 0) rest();
    else timer ??= setInterval(tick, TICK_MS);
  };
  endpoint.addEventListener('message', ({ data }) => {
    const { reply, id = 0, progress } = data as Reply;
    if (reply === 'done' || reply === 'failed' || progress?.phase === 'decoding') owed.delete(id);
    else owed.add(id);
    watch();
  });
  return {
    endpoint: {
      addEventListener: (type, listener) => endpoint.addEventListener(type, listener),
      postMessage(message) {
        const { call = '', id = 0 } = message as Call;
        if (['load', 'explain', 'evaluate'].includes(call)) owed.add(id);
        watch();
        endpoint.postMessage(message);
      },
      terminate: end,
    },
    limitTo(seconds) {
      limit = seconds;
    },
  };
}
