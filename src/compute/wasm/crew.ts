import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import type { RunOptions } from '../backend.ts';
import type { Inputs, RowCounts, Weights } from '../program.ts';
import type { Kernels } from './compile.ts';
import { createInstance, type Instance } from './instance.ts';
import type { Layout, WeightPlaces } from './layout.ts';
import { createStore, type Store } from './store.ts';
import { inTurns, turnOfEventLoop } from './turns.ts';

/** A program prepared on every thread of a crew. */
export interface Prepared {
  /**
   * The output rows of one run, as words. @throws device-lost, aborted before or while it ran, self-check where a kernel trapped or threads
   * that all ran it differ.
   */
  run(
    inputs: Inputs,
    counts: RowCounts,
    serial: number,
    options: Pick<RunOptions, 'signal' | 'everywhere'>,
  ): Promise<Uint32Array<ArrayBuffer>>;
  destroy(): void;
}

/** Weights in memories of a crew's threads. */
export interface CrewWeights {
  /** @throws out-of-memory, device-lost. */
  prepare(layout: Layout): Promise<Prepared>;
  free(): void;
}

/** The threads that run programs: a pool of workers, or the one that calls. */
export interface Crew {
  readonly threads: number;
  /** Lays weights down, in as many bytes as a first program will need with them. @throws out-of-memory, device-lost. */
  upload(places: WeightPlaces, weights: Weights, bytes: number): Promise<CrewWeights>;
  destroy(): void;
}

/** Why nothing runs any more after `destroy`. */
export function gone(what: string): WebspexError {
  return new WebspexError('device-lost', `run: expected a live ${what}, got a destroyed one; prepare it again`);
}

/** What a thread without memory for a program, or with a kernel that trapped, has to say. */
export function threadError(error: unknown, { bytes }: Pick<Layout, 'bytes'>): WebspexError {
  if (error instanceof WebspexError) return error;
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError)
    return new WebspexError(
      'out-of-memory',
      `WASM: expected ${Math.ceil(bytes / 2 ** 20)} MiB of memory, got ${said}; close other pages, or use a smaller model`,
      { cause: error },
    );
  return new WebspexError('self-check', `WASM: expected kernels to end, got ${said}; please report it`, { cause: error });
}

/** Runs on the calling thread, one run after another, with turns of its event loop before and in the middle of each. */
export function createCaller({ module }: Kernels): Crew {
  let closed = false;
  const prepare = async (layout: Layout, store: Store): Promise<Prepared> => {
    let instance: Instance | null = await createInstance(module, layout, store).catch((error) => {
      throw threadError(error, layout);
    });
    let earlier: Promise<unknown> = Promise.resolve();
    const live = (signal?: AbortSignal) => {
      throwIfAborted(signal);
      if (closed || !instance) throw gone('executable');
      return instance;
    };
    const run: Prepared['run'] = async (inputs, counts, serial, { signal }) => {
      await turnOfEventLoop();
      const work = live(signal).run(inputs, counts, serial);
      try {
        return await inTurns(work, () => live(signal));
      } catch (error) {
        throw threadError(error, layout);
      }
    };
    return {
      run(...asked) {
        // All runs share the memory.
        const result = earlier.then(() => run(...asked));
        earlier = result.catch(() => {});
        return result;
      },
      destroy() {
        // Its part of the memory is free from here on, whoever still holds the executable.
        instance = null;
      },
    };
  };
  return {
    threads: 1,
    async upload(places, weights, bytes) {
      if (closed) throw gone('backend');
      let store: Store | null = await storeOf(places, weights, bytes);
      return {
        async prepare(layout) {
          if (closed || !store) throw gone('backend');
          return prepare(layout, store);
        },
        free() {
          store = null;
        },
      };
    },
    destroy() {
      closed = true;
    },
  };
}

/** @throws out-of-memory. */
export function storeOf(places: WeightPlaces, weights: Weights, bytes: number): Promise<Store> {
  return createStore(places, weights, bytes).catch((error) => {
    throw threadError(error, { bytes });
  });
}
