import { WebspexError } from '../../core/errors.ts';
import { createRandom } from '../../core/random.ts';
import { type AttemptOptions, attempt, type Enquiry, type Failure, Refused } from './attempt.ts';
import { Malformed, pathOf } from './protocol.ts';
import { createQueue, type Group, type Server, type Waiting } from './queue.ts';

export interface FleetOptions {
  /** Addresses of servers with the same model, each ending in /v1 or wherever `completions` is. */
  readonly urls: readonly string[];
  readonly apiKey?: string;
  readonly fetch?: typeof fetch;
  /** Most requests under way at one server; default 16. */
  readonly concurrency?: number;
  /** Default 60,000. */
  readonly timeoutMs?: number;
  /** How often a request is tried again; default 6. */
  readonly retries?: number;
  /** Most requests to be sent, those that fail included. */
  readonly maxRequests?: number;
  /** Most tokens to be sent and made. */
  readonly maxTokens?: number;
}

/** A request of the fleet: any server may answer it. */
export interface Job<T> extends Enquiry<T> {
  /** An upper bound of the tokens that it takes, which counts until the server has said how many it were. */
  readonly mostTokens: number;
  /** What the server said that it took. */
  tokensOf(value: T): number | null;
  /** The one server to ask, where it matters. */
  readonly only?: number;
  readonly retries?: number;
}

/** What has been spent; `stopped` says which cap ended it. */
export interface Spent {
  requests: number;
  retries: number;
  tokens: number;
  /** Most requests that were under way at each server. */
  readonly peaks: number[];
  /** Answers by server. */
  readonly answers: number[];
  stopped: string | null;
}

export interface Fleet {
  readonly urls: readonly string[];
  readonly spent: Spent;
  /**
   * Asks for all jobs, in no order; `onAnswer` gets each answer once, as it comes. Where one fails for good no more are sent, those under way
   * are waited for, and the first error is thrown. @throws value-function, spend-cap, aborted, Refused, and what reading throws.
   */
  askAll<T>(jobs: readonly Job<T>[], onAnswer: (value: T, job: number) => void, signal?: AbortSignal): Promise<void>;
}

export const CONCURRENCY = 16;
export const TIMEOUT_MS = 60_000;
export const RETRIES = 6;
/** Waits between tries: a random share of 0.5, 1, 2, … s, at most half a minute. */
const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 30_000;
/** A server that fails so often in a row is left alone for a while. */
const FAILING = 3;

/** Servers that share one queue. Nothing is sent before it is asked for. */
export function createFleet(options: FleetOptions): Fleet {
  const { urls, concurrency = CONCURRENCY, timeoutMs = TIMEOUT_MS, retries = RETRIES } = options;
  const random = createRandom(urls.length, 11);
  const servers = urls.map((url, at): Server => ({ at, url, inFlight: 0, window: concurrency, failures: 0, restUntil: 0 }));
  const spent: Spent = { requests: 0, retries: 0, tokens: 0, peaks: urls.map(() => 0), answers: urls.map(() => 0), stopped: null };
  const queue = createQueue();
  let reserved = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const failGroup = (group: Group, error: unknown) => {
    if (!group.failed) [group.failed, group.error] = [true, error];
    group.left -= queue.drop(group);
    if (group.left === 0) group.settle();
  };
  const finish = (group: Group) => {
    if (--group.left === 0) group.settle();
  };

  /** Sends what there is room for. */
  const pump = () => {
    clearTimeout(timer);
    const now = performance.now();
    for (;;) {
      const next = queue.next(now, (waiting) => serverFor(waiting, servers, now));
      if (!next) break;
      const can = affordable(next.waiting.job, options, spent, reserved);
      if (can === null) break;
      if (!can) {
        failGroup(next.waiting.group, capReached(spent));
        continue;
      }
      next.take();
      void send(next.waiting, next.server);
    }
    // A server that rests, or a job that waits, has nobody else to wake it.
    const wake = Math.min(...servers.filter((s) => s.restUntil > now).map((s) => s.restUntil), queue.nextDue(now));
    if (Number.isFinite(wake)) timer = setTimeout(pump, Math.max(0, wake - now) + 1);
  };

  const send = async (waiting: Waiting, server: Server): Promise<void> => {
    const { job, group } = waiting;
    server.inFlight++;
    spent.peaks[server.at] = Math.max(spent.peaks[server.at], server.inFlight);
    spent.requests++;
    if (waiting.tries > 0) spent.retries++;
    reserved += job.mostTokens;
    try {
      const outcome = await attempt(server.url, job, waiting.options);
      if ('failure' in outcome) {
        if (outcome.failure.worked) spent.tokens += job.mostTokens;
        failed(waiting, server, outcome.failure);
      } else {
        spent.tokens += job.tokensOf(outcome.value) ?? job.mostTokens;
        spent.answers[server.at]++;
        server.failures = 0;
        server.window = Math.min(concurrency, server.window + 1 / server.window);
        waiting.answer(outcome.value);
        finish(group);
      }
    } catch (error) {
      failGroup(group, error);
      finish(group);
    } finally {
      reserved -= job.mostTokens;
      server.inFlight--;
      pump();
    }
  };

  const failed = (waiting: Waiting, server: Server, { why, restMs, overloaded }: Failure) => {
    const { group, job } = waiting;
    const now = performance.now();
    const wait = (round: number) => random.uniform() * Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** round);
    if (overloaded) server.window = Math.max(1, server.window / 2);
    if (++server.failures >= FAILING || overloaded) server.restUntil = Math.max(server.restUntil, now + (restMs ?? wait(server.failures)));
    if (group.failed || waiting.tries >= (job.retries ?? retries)) {
      failGroup(group, gaveUp(server.url, why, waiting.tries + 1));
      finish(group);
      return;
    }
    queue.again({ ...waiting, tries: waiting.tries + 1, avoid: server, notBefore: now + wait(waiting.tries) });
  };

  return {
    urls,
    spent,
    askAll<T>(jobs: readonly Job<T>[], onAnswer: (value: T, job: number) => void, signal?: AbortSignal) {
      if (jobs.length === 0) return Promise.resolve();
      return new Promise<void>((resolve, reject) => {
        const abort = () => {
          failGroup(group, new WebspexError('aborted', 'run: aborted by its signal; call stop() instead to keep what is known'));
        };
        const group: Group = {
          left: jobs.length,
          error: null,
          failed: false,
          settle() {
            signal?.removeEventListener('abort', abort);
            if (group.failed) reject(group.error);
            else resolve();
          },
        };
        const attemptOptions: AttemptOptions = { fetch: options.fetch ?? fetch, timeoutMs, apiKey: options.apiKey, signal };
        jobs.forEach((job, i) => {
          const answer = (value: unknown) => onAnswer(value as T, i);
          queue.add({ job, group, options: attemptOptions, answer, tries: 0, notBefore: 0, avoid: null });
        });
        signal?.addEventListener('abort', abort, { once: true });
        if (signal?.aborted) abort();
        pump();
      });
    },
  };
}

/** The server with most room for a job; the one that failed it last only where no other works. */
function serverFor({ job, avoid }: Waiting, servers: readonly Server[], now: number): Server | null {
  const able = servers.filter((s) => s.restUntil <= now && (job.only ?? s.at) === s.at);
  const others = able.filter((s) => s !== avoid);
  const open = (others.length > 0 ? others : able).filter((s) => s.inFlight < Math.floor(s.window));
  return open.reduce<Server | null>((best, s) => (best && best.inFlight / best.window <= s.inFlight / s.window ? best : s), null);
}

/** Whether the caps leave room; null while answers under way may still make some. */
function affordable({ mostTokens }: Job<unknown>, caps: FleetOptions, spent: Spent, reserved: number): boolean | null {
  const { maxRequests = Number.POSITIVE_INFINITY, maxTokens = Number.POSITIVE_INFINITY } = caps;
  if (spent.requests + 1 > maxRequests) spent.stopped = `${spent.requests} of at most ${maxRequests} requests`;
  else if (spent.tokens + reserved + mostTokens <= maxTokens) return true;
  else if (reserved > 0) return null;
  else spent.stopped = `${spent.tokens} of at most ${maxTokens} tokens, where the next request may take ${mostTokens}`;
  return false;
}

function capReached({ stopped }: Spent): WebspexError {
  return new WebspexError(
    'spend-cap',
    `server: expected to go on, got to the cap: ${stopped}; raise it, with a log nothing is asked twice`,
  );
}

function gaveUp(url: string, why: string, tries: number): WebspexError {
  const times = tries === 1 ? 'once' : `${tries} times`;
  return new WebspexError(
    'value-function',
    `server ${url}: expected an answer, got ${why}, tried ${times}; look at the server, or ask less at once`,
  );
}

/** A refusal as an error of ours; anything else as it is. */
export function refusal(error: unknown, model: string): unknown {
  if (error instanceof Malformed)
    return new WebspexError(
      'value-function',
      `server: expected the tokens of the text that was sent, got ${error.message}; choose another target, or units`,
    );
  if (!(error instanceof Refused)) return error;
  const { url, path, status, message } = error;
  if (status === 401 || status === 403)
    return new WebspexError(
      'usage',
      `server ${url}: expected to be let in, got ${message}; give its key (apiKey, on the command line the environment variable WEBSPEX_API_KEY)`,
    );
  if (status === 404)
    return new WebspexError(
      'not-found',
      `server ${url}: expected ${path === pathOf('chat') ? 'chat completions' : 'completions'} of model ${model}, got ${message}; see ${url}/models for its models`,
    );
  return new WebspexError(
    'value-function',
    `server ${url}: expected an answer, got ${message}; mend what it says, such as a text too long for it`,
  );
}
