import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import type { Inputs, RowCounts, Weights } from '../program.ts';
import type { Kernels } from './compile.ts';
import { type Crew, type CrewWeights, gone, type Prepared } from './crew.ts';
import { lengthOf } from './instance.ts';
import type { Layout, WeightPlaces } from './layout.ts';
import type { Answer, Request, Stop } from './messages.ts';
import type { PoolWorker } from './start-worker.ts';

/** A worker that has not said it is ready by then counts as one that cannot start. */
const START_MS = 20_000;

/** Bytes that all copies of a model's weights, and of a program beside them, may take together; one copy always may. */
const MOST_HELD = 3 * 2 ** 30;

/** A worker and the requests it has not answered yet, in order. */
interface Lane {
  /** @throws device-lost where the worker died, and what it failed with. */
  ask(request: Request, transfer?: ArrayBuffer[]): Promise<Extract<Answer, { answer: 'done' }>>;
  /** Says what is not answered. */
  tell(message: Stop): void;
  readonly ready: Promise<void>;
  end(error: WebspexError): void;
}

/**
 * Workers that each hold weights and programs whole, so that runs share nothing: no SharedArrayBuffer, hence no special headers. A run goes to
 * the first free one. @throws device-lost where a worker does not start.
 */
export async function createPool({ module }: Kernels, threads: number, start: () => PoolWorker): Promise<Crew> {
  let failure: WebspexError | null = null;
  const lanes: Lane[] = [];
  const fail = (error: WebspexError) => {
    failure ??= error;
    for (const lane of lanes) lane.end(failure);
  };
  try {
    for (let i = 0; i < threads; i++) lanes.push(createLane(start(), fail));
    await Promise.all(lanes.map((lane) => lane.ready));
  } catch (cause) {
    const error = new WebspexError('device-lost', `WASM: expected ${threads} workers to start, got ${String(cause)}; use one thread`, {
      cause,
    });
    fail(error);
    throw error;
  }
  let named = 0;
  const upload = async (places: WeightPlaces, weights: Weights, bytes: number): Promise<CrewWeights> => {
    const store = ++named;
    if (failure) throw failure;
    const whole = withoutSlack(weights);
    const holding = await askSome(lanes, bytes, { ask: 'upload', store, places, weights: whole, bytes });
    return {
      async prepare(layout) {
        const program = ++named;
        if (failure) throw failure;
        const ready = await askSome(holding, layout.bytes, { ask: 'prepare', program, store, module, layout });
        return createPrepared(program, layout, ready, () => failure);
      },
      free() {
        for (const lane of holding) lane.ask({ ask: 'release-weights', store }).catch(() => {});
      },
    };
  };
  return {
    threads,
    upload,
    destroy: () => fail(gone('backend')),
  };
}

/** Asks workers for so many bytes each, as many as there may be, and says which have them. @throws what all say, or one that is lost. */
async function askSome(lanes: readonly Lane[], bytes: number, request: Request): Promise<readonly Lane[]> {
  // Each worker holds the weights whole, and a page that asks for too much is ended, not told.
  const some = lanes.slice(0, Math.max(1, Math.floor(MOST_HELD / bytes)));
  const asked = await Promise.allSettled(some.map((lane) => lane.ask(request)));
  // A machine with memory for fewer copies of the weights computes with fewer workers.
  const holding = some.filter((_, i) => asked[i].status === 'fulfilled');
  for (const result of asked)
    if (result.status === 'rejected' && (holding.length === 0 || (result.reason as WebspexError).code !== 'out-of-memory'))
      throw result.reason;
  return holding;
}

function createPrepared(program: number, layout: Layout, lanes: readonly Lane[], failure: () => WebspexError | null): Prepared {
  const free = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  let released = false;
  const check = () => {
    const error = failure() ?? (released ? gone('executable') : null);
    if (error) throw error;
  };
  const take = async () => free.shift() ?? new Promise<Lane>((resolve) => waiting.push(resolve));
  const runOn = async (lane: Lane, inputs: Inputs, counts: RowCounts, serial: number, signal?: AbortSignal) => {
    const used = usedInputs(layout, inputs, counts);
    const transfer = Object.values(used).map((values) => values.buffer as ArrayBuffer);
    const stop = () => lane.tell({ ask: 'stop', program, serial });
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const { words } = await lane.ask({ ask: 'run', program, inputs: used, counts, serial }, transfer);
      check();
      if (!words) throw gone('executable');
      return words;
    } catch (error) {
      if (error instanceof WebspexError && error.code === 'aborted') throwIfAborted(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  };
  const give = (lane: Lane) => {
    const next = waiting.shift();
    if (next) next(lane);
    else free.push(lane);
  };
  return {
    async run(inputs, counts, serial, { signal, everywhere }) {
      check();
      if (everywhere) {
        throwIfAborted(signal);
        // Each answers its requests in order, so those that are busy come to it in time for any later run.
        return same(await Promise.all(lanes.map((lane) => runOn(lane, inputs, counts, serial, signal))));
      }
      const lane = await take();
      try {
        throwIfAborted(signal);
        check();
        return await runOn(lane, inputs, counts, serial, signal);
      } finally {
        give(lane);
      }
    },
    destroy() {
      if (released) return;
      released = true;
      for (const lane of lanes) lane.ask({ ask: 'release', program }).catch(() => {});
    },
  };
}

/** What all lanes answered alike. @throws self-check where one differs. */
function same([first, ...others]: readonly Uint32Array<ArrayBuffer>[]): Uint32Array<ArrayBuffer> {
  for (const other of others)
    if (other.length !== first.length || other.some((word, i) => word !== first[i]))
      throw new WebspexError('self-check', 'WASM: expected the same numbers of every worker, got different ones; please report it');
  return first;
}

/** A posted view takes the whole of its buffer along. */
function withoutSlack(weights: Weights): Weights {
  return new Map([...weights].map(([name, values]) => [name, values.byteLength === values.buffer.byteLength ? values : values.slice()]));
}

/** Copies of what a run reads of its inputs, to be handed over. */
function usedInputs(layout: Layout, inputs: Inputs, counts: RowCounts): Inputs {
  return Object.fromEntries(layout.inputs.map((place) => [place.name, inputs[place.name].slice(0, lengthOf(place, counts))]));
}

function createLane(worker: PoolWorker, onDeath: (error: WebspexError) => void): Lane {
  const pending: { resolve(answer: Extract<Answer, { answer: 'done' }>): void; reject(error: WebspexError): void }[] = [];
  let dead: WebspexError | null = null;
  let started = () => {};
  let refused = (_: unknown) => {};
  const ready = new Promise<void>((resolve, reject) => {
    started = resolve;
    refused = reject;
  });
  ready.catch(() => {});
  const late = setTimeout(() => refused(new Error(`no word from a worker for ${START_MS} ms`)), START_MS);
  worker.onMessage((message) => {
    const said = message as Answer;
    if (said.answer === 'ready') {
      clearTimeout(late);
      worker.keepAlive(false);
      return started();
    }
    const asked = pending.shift();
    if (pending.length === 0) worker.keepAlive(false);
    if (said.answer === 'failed') asked?.reject(new WebspexError(said.code, said.message));
    else asked?.resolve(said);
  });
  worker.onDeath((why) => {
    clearTimeout(late);
    refused(new Error(why));
    onDeath(new WebspexError('device-lost', `WASM: expected workers to stay, got the end of one (${why}); run again`));
  });
  return {
    ready,
    ask(request, transfer) {
      if (dead) return Promise.reject(dead);
      return new Promise((resolve, reject) => {
        pending.push({ resolve, reject });
        worker.keepAlive(true);
        try {
          worker.post(request, transfer);
        } catch (cause) {
          pending.pop();
          reject(new WebspexError('device-lost', `WASM: expected to reach a worker, got ${String(cause)}; run again`, { cause }));
        }
      });
    },
    tell(message) {
      if (!dead) worker.post(message);
    },
    end(error) {
      if (dead) return;
      dead = error;
      clearTimeout(late);
      worker.terminate();
      for (const { reject } of pending.splice(0)) reject(error);
    },
  };
}
