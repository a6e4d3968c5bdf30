import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import type { Backend, BackendLimits, Executable } from '../backend.ts';
import { checkRun, type Program } from '../program.ts';
import { sharedWeights } from '../shared-weights.ts';
import { outputLabels, readStamped } from '../stamp.ts';
import { type Build, compileKernels, type Kernels } from './compile.ts';
import { type Crew, createCaller, gone, type Prepared } from './crew.ts';
import { layOut, MOST_BYTES, placeWeights } from './layout.ts';
import { createPool } from './pool.ts';
import { createRooms } from './rooms.ts';
import { type PoolWorker, processors, startWorker } from './start-worker.ts';

export interface WasmOptions {
  /** Workers that run at once; default one for each processor, at most four. With 1, or where none start, the calling thread runs. */
  readonly threads?: number;
  /** Which build of the kernels; default relaxed SIMD where the runtime has it. */
  readonly build?: Build;
  /** Starts a worker in some other way than as a module beside this one. */
  readonly startWorker?: () => PoolWorker;
}

const DEFAULT_THREADS = 4;
const MOST_THREADS = 64;

/** The CPU in WebAssembly with SIMD, float32 throughout. @throws no-wasm; usage where the threads are not a number from 1 to 64. */
export async function createWasmBackend(options: WasmOptions = {}): Promise<Backend> {
  const threads = options.threads ?? Math.min(DEFAULT_THREADS, processors());
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new WebspexError('usage', `threads: expected a whole number from 1 to ${MOST_THREADS}, got ${threads}; leave it out`);
  const kernels = await compileKernels(options.build);
  const open = () => openCrew(kernels, threads, options.startWorker ?? startWorker);
  let crew = await open();
  return {
    get info() {
      const many = crew.threads === 1 ? '1 thread' : `${crew.threads} threads`;
      return { backend: 'wasm', adapter: `CPU (WASM ${kernels.build} SIMD, ${many})`, software: false } as const;
    },
    get limits() {
      return limitsFor(crew.threads);
    },
    ...sharedWeights(async (first, weights) => {
      const places = placeWeights(first);
      const held = await crew.upload(places, weights, layOut(first, places).bytes);
      const rooms = createRooms(places.end);
      return {
        async prepare(program) {
          const { from, bytes } = layOut(program, places);
          const at = rooms.take(bytes - from);
          const leave = () => rooms.leave(at);
          try {
            return createExecutable(program, await held.prepare(layOut(program, places, at)), leave);
          } catch (error) {
            leave();
            throw error;
          }
        },
        free: held.free,
      };
    }),
    async reopen() {
      crew.destroy();
      crew = await open();
    },
    destroy: () => crew.destroy(),
  };
}

/** Workers where they start; else this thread, which computes the same numbers. */
async function openCrew(kernels: Kernels, threads: number, start: () => PoolWorker): Promise<Crew> {
  if (threads === 1) return createCaller(kernels);
  try {
    return await createPool(kernels, threads, start);
  } catch {
    return createCaller(kernels);
  }
}

/**
 * 512 rows need a little less CPU time a row than 128 (4 %), 64 need a fifth more, so that beside other work small runs would only add to
 * it; beyond 512 they would leave the second-level cache. One run waits for a free worker.
 */
function limitsFor(threads: number): BackendLimits {
  return {
    bufferBytes: 2 ** 30,
    totalBytes: MOST_BYTES,
    firstTokens: 256,
    leastTokens: 128,
    mostTokens: 512,
    targetMs: 150,
    threads,
    inFlight: threads === 1 ? 1 : threads + 1,
  };
}

function createExecutable(program: Program, prepared: Prepared, leave: () => void): Executable {
  const labels = outputLabels(program);
  let serial = 0;
  let closed = false;
  let earlier: Promise<unknown> = Promise.resolve();
  return {
    async run(inputs, counts, { signal, nameRow, everywhere } = {}) {
      throwIfAborted(signal);
      if (closed) throw gone('executable');
      checkRun(program, inputs, counts);
      const stamp = ++serial;
      const result = prepared.run(inputs, counts, stamp, { signal, everywhere });
      const before = earlier;
      earlier = result.then(
        () => before,
        () => before,
      );
      const words = await result;
      // Workers finish in any order; results come in the order asked.
      await before;
      if (closed) throw gone('executable');
      const numbers = new Float32Array(words.buffer);
      return readStamped(
        counts.sequences,
        labels,
        stamp,
        (i) => numbers[i],
        (i) => words[i],
        nameRow,
      );
    },
    destroy() {
      closed = true;
      prepared.destroy();
      leave();
    },
  };
}
