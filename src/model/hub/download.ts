import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../json.ts';
import { aborted, isPassing, joined } from '../source.ts';
import type { ListedFile } from './listing.ts';
import type { HubStore } from './store.ts';

export interface Line {
  readonly ask: typeof fetch;
  readonly signal: AbortSignal | undefined;
  /** First wait in ms before asking again; each later one is twice as long. */
  readonly waitMs: number;
}

/** Failures in a row without a byte between them, after which the hub is given up. */
const TRIES = 4;
/** A longer wait that a busy hub asks for is cut to this. */
const LONGEST_WAIT_MS = 10_000;
/** What has come is kept in pieces of this size, so that a killed process loses no more than one. */
const PIECE_BYTES = 1024 * 1024;

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(aborted(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** What came of asking, where it may be asked again. */
class Retry extends Error {
  readonly afterMs: number;

  constructor(message: string, afterMs = 0, options?: { cause?: unknown }) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

function retryOf(response: Response): Retry {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return new Retry(`HTTP ${response.status}`, Number.isFinite(seconds) ? Math.min(1000 * seconds, LONGEST_WAIT_MS) : 0);
}

/** Why a request failed; Node says so in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: unknown } };
  return oneLine(String(cause?.code ?? message ?? error), 100);
}

/** Does `work` again after what may pass, as long as it gets on. @throws bad-file naming the file and what came of it last. */
async function persist<T>(what: string, { signal, waitMs }: Line, progress: () => number, work: () => Promise<T>): Promise<T> {
  let failures = 0;
  let seen = progress();
  for (;;) {
    try {
      if (signal?.aborted) throw aborted(signal.reason);
      return await work();
    } catch (error) {
      if (signal?.aborted) throw aborted(signal.reason);
      if (error instanceof WebspexError) throw error;
      failures = progress() > seen ? 1 : failures + 1;
      seen = progress();
      const why = error instanceof Retry ? error.message : `no complete answer (${reasonOf(error)})`;
      if (failures >= TRIES)
        throw new WebspexError('bad-file', `model: expected to read ${what}, got ${why}, ${TRIES} times; try again later`, {
          cause: error,
        });
      await wait(Math.max(waitMs * 2 ** (failures - 1), error instanceof Retry ? error.afterMs : 0), signal);
    }
  }
}

/** An answer other than one that may pass. @throws bad-file, aborted. */
export function request(address: string, line: Line, init: RequestInit = {}): Promise<Response> {
  return persist(
    oneLine(address, 200),
    line,
    () => 0,
    async () => {
      const response = await line.ask(address, { ...init, signal: line.signal });
      if (isPassing(response.status)) throw retryOf(response);
      return response;
    },
  );
}

export interface Download {
  readonly address: string;
  /** Where it is kept; pieces beside it. */
  readonly key: string;
  readonly file: ListedFile;
  /** @throws for a status that says there is no such file. */
  refuse(status: number): WebspexError;
  report(loaded: number): void;
}

/** The first byte that a partial answer begins with, or −1 where it is not the rest of the file. */
function firstByte(response: Response, size: number | null): number {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  return range && (size === null || range[2] === '*' || Number(range[2]) === size) ? Number(range[1]) : -1;
}

/** Bytes that came so far; pieces of them are kept, where the file is known by its hash, for another time. */
function createPieces(store: HubStore | null, key: string) {
  let kept = 0;
  let pieces: Uint8Array[] = [];
  let fresh: Uint8Array[] = [];
  let freshBytes = 0;
  let bytes = 0;
  const flush = async () => {
    if (freshBytes === 0) return;
    const piece = joined(fresh, freshBytes);
    pieces.push(piece);
    fresh = [];
    freshBytes = 0;
    await store?.put(`${key}.part${kept++}`, piece);
  };
  return {
    size: () => bytes,
    async restore() {
      for (let piece = await store?.get(`${key}.part0`); piece; piece = await store?.get(`${key}.part${++kept}`)) {
        pieces.push(piece);
        bytes += piece.length;
      }
    },
    async add(chunk: Uint8Array) {
      fresh.push(chunk);
      freshBytes += chunk.length;
      bytes += chunk.length;
      if (freshBytes >= PIECE_BYTES) await flush();
    },
    flush,
    async clear() {
      for (let i = 0; i < kept; i++) await store?.remove(`${key}.part${i}`);
      [kept, bytes, freshBytes, pieces, fresh] = [0, 0, 0, [], []];
    },
    whole: () => joined([...pieces, ...fresh], bytes),
  };
}

/**
 * The bytes at an address, taken up again from where the last try, or the last process, left off; only a file whose hash is known is
 * taken up, as only then a mixture would be noticed. The caller checks the hash. @throws not-found, bad-file, aborted.
 */
export async function download({ address, key, file, refuse, report }: Download, line: Line, store: HubStore): Promise<Uint8Array> {
  const { size, digest } = file;
  const pieces = createPieces(digest ? store : null, key);
  await pieces.restore();
  if (size !== null && pieces.size() > size) await pieces.clear();
  const once = async () => {
    if (size !== null && pieces.size() === size && size > 0) return;
    const from = pieces.size();
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await line.ask(address, { headers, signal: line.signal });
    if (isPassing(response.status)) throw retryOf(response);
    const continues = response.status === 206 && firstByte(response, size) === from;
    if (!continues && from > 0) await pieces.clear();
    if (response.status === 416 || (response.status === 206 && !continues))
      throw new Retry(`a part that was not asked for (HTTP ${response.status})`);
    if (!response.ok) throw refuse(response.status);
    await take(response);
  };
  const take = async (response: Response) => {
    const reader = response.body?.getReader();
    for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
      await pieces.add(step.value);
      report(pieces.size());
      if (size !== null && pieces.size() > size) {
        reader?.cancel().catch(() => {});
        const got = pieces.size();
        await pieces.clear();
        throw new Retry(`more than ${size} bytes (${got})`);
      }
    }
    if (size !== null && pieces.size() < size) throw new Retry(`${pieces.size()} of ${size} bytes`);
  };
  try {
    await persist(oneLine(address, 200), line, pieces.size, once);
  } catch (error) {
    await pieces.flush();
    throw error;
  }
  const whole = pieces.whole();
  await pieces.clear();
  return whole;
}
