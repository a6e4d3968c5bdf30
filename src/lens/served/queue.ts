import type { AttemptOptions } from './attempt.ts';
import type { Job } from './fleet.ts';

/** A server as the queue sees it. */
export interface Server {
  readonly at: number;
  readonly url: string;
  inFlight: number;
  /** How many may be under way: halved where the server has too much to do, one more for each round that goes well. */
  window: number;
  restUntil: number;
  /** One after the other. */
  failures: number;
}

/** Jobs that were asked for together. */
export interface Group {
  left: number;
  error: unknown;
  failed: boolean;
  settle(): void;
}

/** A job that has not been answered. */
export interface Waiting {
  readonly job: Job<unknown>;
  readonly group: Group;
  readonly options: AttemptOptions;
  answer(value: unknown): void;
  readonly tries: number;
  readonly notBefore: number;
  /** The server that failed it last. */
  readonly avoid: Server | null;
}

/** Jobs in the order of asking; those that are tried again come first as soon as they may. */
export interface Queue {
  add(waiting: Waiting): void;
  again(waiting: Waiting): void;
  /** The next job that `place` has a server for, still in the queue until it is taken. */
  next(
    now: number,
    place: (waiting: Waiting) => Server | null,
  ): { readonly waiting: Waiting; readonly server: Server; take(): void } | null;
  /** When the next job may be tried again that may not yet; infinite where none waits for that. */
  nextDue(now: number): number;
  /** Takes all jobs of a group out, and says how many. */
  drop(group: Group): number;
}

export function createQueue(): Queue {
  let fresh: Waiting[] = [];
  let head = 0;
  let later: Waiting[] = [];
  return {
    add: (waiting) => void fresh.push(waiting),
    again: (waiting) => void later.push(waiting),
    next(now, place) {
      for (const waiting of later) {
        const server = waiting.notBefore <= now ? place(waiting) : null;
        if (server) return { waiting, server, take: () => void later.splice(later.indexOf(waiting), 1) };
      }
      const waiting = fresh[head];
      const server = waiting ? place(waiting) : null;
      if (!server) return null;
      const take = () => {
        head++;
        if (head === fresh.length) [fresh, head] = [[], 0];
      };
      return { waiting, server, take };
    },
    nextDue: (now) =>
      later.reduce((least, { notBefore }) => (notBefore > now ? Math.min(least, notBefore) : least), Number.POSITIVE_INFINITY),
    drop(group) {
      const before = fresh.length - head + later.length;
      fresh = fresh.slice(head).filter((w) => w.group !== group);
      head = 0;
      later = later.filter((w) => w.group !== group);
      return before - fresh.length - later.length;
    },
  };
}
