import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Backend, Executable } from '../../../src/compute/backend.ts';
import type { Program } from '../../../src/compute/program.ts';
import { createWasmBackend, type WasmOptions } from '../../../src/compute/wasm/backend.ts';
import { type PoolWorker, startWorker } from '../../../src/compute/wasm/start-worker.ts';
import { createRandom } from '../../../src/core/random.ts';
import { rejectedBy } from '../../model/support.ts';
import { randomTensors, sequences, type TinySizes, tinyModel } from '../../model/tiny-encoder.ts';
import { productProgram } from '../support.ts';

const ROWS = 40;
const program = productProgram(ROWS);
/** The identity, as views of a longer buffer, which a message must not take along whole. */
const store = new Float32Array(1000);
for (let i = 0; i < 8; i++) store[100 + 9 * i] = 1;
const weights = new Map([
  ['weight', store.subarray(100, 164)],
  ['bias', store.subarray(200, 208)],
]);
const counts = (rows: number) => ({ tokens: 0, tableRows: 0, sequences: rows });
const run = (executable: Executable, value: number, rows = ROWS, signal?: AbortSignal) =>
  executable.run({ input: new Float32Array(8 * rows).fill(value) }, counts(rows), { signal });

/** Copies its input to a row that stays, where it is told to by a row of tokens, and answers with that row. */
const keepingProgram: Program = {
  buffers: [
    { name: 'input', kind: 'input', type: 'f32', rows: 'sequences', columns: 8 },
    { name: 'keep', kind: 'input', type: 'u32', rows: 'sequences', columns: 1 },
    { name: 'kept', kind: 'scratch', type: 'f32', rows: 'sequences', columns: 8 },
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: 10 },
  ],
  steps: [
    {
      kernel: 'gather-rows',
      rows: 'tokens',
      bindings: { input: 'input', index: 'keep', output: 'kept' },
      constants: {},
      params: { columns: 8, inputStride: 8, outputStride: 8, inputColumn: 0, outputColumn: 0 },
    },
    {
      kernel: 'finish',
      rows: 'sequences',
      bindings: { hidden: 'kept', logits: 'kept', output: 'output' },
      constants: { WIDTH: 8, LABELS: 8 },
      params: { hiddenStride: 8, logitStride: 8 },
    },
  ],
  capacity: { tokens: 1, tableRows: 0, sequences: 1 },
};

const opened: Backend[] = [];
const open = async (options: WasmOptions) => {
  const backend = await createWasmBackend(options);
  opened.push(backend);
  return backend;
};
afterEach(() => {
  vi.restoreAllMocks();
  for (const backend of opened.splice(0)) backend.destroy();
});

/** Real workers, kept at hand so that they can be killed. */
function watchedWorkers() {
  const workers: PoolWorker[] = [];
  return {
    workers,
    startWorker: () => {
      const worker = startWorker();
      workers.push(worker);
      return worker;
    },
  };
}

describe.each([1, 3])('an executable on %i threads', (threads) => {
  it('answers each run with its own numbers, in the order asked, however many are started at once', async () => {
    const executable = await (await open({ threads })).prepare(program, weights);
    const done: number[] = [];
    const runs = Array.from({ length: 12 }, async (_, i) => {
      const values = await run(executable, i, 1 + (i % ROWS));
      done.push(i);
      return [values.length, ...new Set(values)];
    });
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 12 }, (_, i) => [8 * (1 + (i % ROWS)), i]));
    expect(done).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it('runs everywhere where it is asked to, and what that leaves is there for every later run', async () => {
    const executable = await (await open({ threads })).prepare(keepingProgram, new Map());
    const input = (value: number) => ({ input: new Float32Array(8).fill(value), keep: Uint32Array.of(0) });
    const ask = (value: number, kept: number, everywhere: boolean) =>
      executable.run(input(value), { tokens: kept, tableRows: 0, sequences: 1 }, { everywhere });
    expect((await ask(7, 1, true))[0]).toBe(7);
    const later = await Promise.all(Array.from({ length: 3 * threads }, (_, i) => ask(i, 0, false)));
    expect(later.map((row) => row[0])).toEqual(later.map(() => 7));
  });

  it('leaves the caller’s inputs as they were', async () => {
    const executable = await (await open({ threads })).prepare(program, weights);
    const input = new Float32Array(8 * ROWS).fill(5);
    expect((await executable.run({ input }, counts(2)))[15]).toBe(5);
    expect([input.length, input[319]]).toEqual([8 * ROWS, 5]);
    expect(store.length).toBe(1000);
  });

  it('does not start where its signal is aborted, before or while it waits for its turn', async () => {
    const executable = await (await open({ threads })).prepare(program, weights);
    expect((await rejectedBy(run(executable, 1, ROWS, AbortSignal.abort()))).code).toBe('aborted');
    const stop = new AbortController();
    const runs = Array.from({ length: threads + 2 }, () => run(executable, 1, ROWS, stop.signal));
    const last = rejectedBy(runs[threads + 1]);
    for (const one of runs) one.catch(() => {});
    stop.abort();
    expect((await last).code).toBe('aborted');
    expect((await run(executable, 3))[0]).toBe(3);
  });

  it('that is destroyed fails its runs, those under way too, with a typed error; so does a destroyed backend', async () => {
    const backend = await open({ threads });
    const executable = await backend.prepare(program, weights);
    const other = await backend.prepare(program, weights);
    const late = Promise.all(Array.from({ length: 5 }, () => rejectedBy(run(executable, 1))));
    executable.destroy();
    expect((await late).map((error) => error.code)).toEqual(Array(5).fill('device-lost'));
    expect((await rejectedBy(run(executable, 1))).code).toBe('device-lost');
    expect((await run(other, 2))[0]).toBe(2);
    backend.destroy();
    expect((await rejectedBy(run(other, 2))).code).toBe('device-lost');
    expect((await rejectedBy(backend.prepare(program, weights))).code).toBe('device-lost');
  });

  it('names the first row that is not finite, and computes the next run', async () => {
    const executable = await (await open({ threads })).prepare(program, weights);
    const input = new Float32Array(8 * ROWS).fill(1);
    input[8 * 7 + 3] = Number.NaN;
    const error = await rejectedBy(executable.run({ input }, counts(ROWS)));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringContaining('in row 7')]);
    expect((await run(executable, 4))[0]).toBe(4);
  });

  it('refuses more rows than were planned, and programs beyond 32-bit addresses, before anything is allocated', async () => {
    const backend = await open({ threads });
    const executable = await backend.prepare(program, weights);
    expect((await rejectedBy(run(executable, 1, ROWS + 1))).code).toBe('self-check');
    const error = await rejectedBy(backend.prepare(productProgram(2 ** 26), weights));
    expect([error.code, error.message]).toEqual(['out-of-memory', expect.stringMatching(/at most 4294901760 bytes, got/)]);
  });
});

describe('memory that cannot be had', () => {
  it('is a typed error that says how much', async () => {
    const backend = await open({ threads: 1 });
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse() {
      throw new RangeError('could not allocate memory');
    });
    const error = await rejectedBy(backend.prepare(productProgram(2 ** 20), weights));
    expect([error.code, error.message]).toEqual(['out-of-memory', expect.stringMatching(/expected 105 MiB of memory, got could not/)]);
  });

  it('in some workers leaves the others to compute, and in all is a typed error', async () => {
    const poor = (worker: PoolWorker): PoolWorker => ({
      ...worker,
      // As if this worker's memory were a page short of what it is asked for.
      post: (message, transfer) => {
        const request = message as { ask: string; layout: { bytes: number } };
        worker.post(request.ask === 'prepare' ? { ...request, layout: { ...request.layout, bytes: 2 ** 40 } } : message, transfer);
      },
    });
    let started = 0;
    const some = await open({ threads: 2, startWorker: () => (started++ === 0 ? poor(startWorker()) : startWorker()) });
    const executable = await some.prepare(program, weights);
    expect((await Promise.all([1, 2, 3].map((value) => run(executable, value)))).map((values) => values[0])).toEqual([1, 2, 3]);
    const none = await open({ threads: 2, startWorker: () => poor(startWorker()) });
    expect((await rejectedBy(none.prepare(program, weights))).code).toBe('out-of-memory');
  });
});

/** A worker that says yes to everything and keeps what it was asked. */
function yesWorker(asked: string[]): PoolWorker {
  let listener = (_: unknown) => {};
  return {
    post(message) {
      asked.push((message as { ask: string }).ask);
      queueMicrotask(() => listener({ answer: 'done' }));
    },
    onMessage(told) {
      listener = told;
      queueMicrotask(() => listener({ answer: 'ready' }));
    },
    onDeath() {},
    keepAlive() {},
    terminate() {},
  };
}

describe('a pool', () => {
  it.each([
    [2 ** 10, 4],
    // 26 numbers a row: 0.8 GiB a copy, of which three are within three, and 2.4 GiB.
    [2 ** 23, 3],
    [3 * 2 ** 23, 1],
  ])('holds a program of %i rows in %i of four workers', async (rows, workers) => {
    const asked: string[] = [];
    const backend = await open({ threads: 4, startWorker: () => yesWorker(asked) });
    await backend.prepare(productProgram(rows), weights);
    expect(asked).toEqual(['upload', 'prepare'].flatMap((ask) => Array(workers).fill(ask)));
  });

  it('that loses a worker loses the run under way and every later one, until it is opened anew', async () => {
    const { workers, startWorker } = watchedWorkers();
    const backend = await open({ threads: 2, startWorker });
    const executable = await backend.prepare(program, weights);
    expect((await run(executable, 1))[0]).toBe(1);
    const lost = Promise.all(Array.from({ length: 6 }, () => rejectedBy(run(executable, 2))));
    for (const worker of workers) worker.terminate();
    expect(new Set((await lost).map((error) => error.code))).toEqual(new Set(['device-lost']));
    expect((await rejectedBy(run(executable, 2))).message).toMatch(/end of one \(exit code 1\)|run again/);
    expect((await rejectedBy(backend.prepare(program, weights))).code).toBe('device-lost');
    await backend.reopen?.();
    expect(workers.length).toBe(4);
    expect((await run(await backend.prepare(program, weights), 3))[0]).toBe(3);
    expect((await rejectedBy(run(executable, 2))).code).toBe('device-lost');
  });

  it('that loses a worker in the middle of a call answers it whole all the same, bit for bit', async () => {
    const sizes: TinySizes = {
      layers: 2,
      width: 24,
      heads: 2,
      hidden: 40,
      activation: 'gelu',
      epsilon: 1e-12,
      labels: 3,
      vocabulary: 31,
      positions: 16,
    };
    const tensors = randomTensors(sizes, 7);
    const random = createRandom(8);
    const asked = sequences(Array.from({ length: 400 }, () => Array.from({ length: 1 + random.below(12) }, () => random.below(31))));
    const alone = await tinyModel(await open({ threads: 1 }), sizes, tensors, 24);
    const want = [...(await alone.classify(asked))];
    const { workers, startWorker } = watchedWorkers();
    let answered = 0;
    const backend = await open({
      threads: 2,
      startWorker() {
        const worker = startWorker();
        return {
          ...worker,
          onMessage: (listener) =>
            worker.onMessage((message) => {
              // Some twenty chunks in, of about a hundred.
              if (++answered === 20) workers[0].terminate();
              listener(message);
            }),
        };
      },
    });
    const model = await tinyModel(backend, sizes, tensors, 24);
    expect([...(await model.classify(asked))]).toEqual(want);
    expect(workers.length).toBe(4);
  });

  it('whose workers cannot start becomes the calling thread, and says so', async () => {
    const refused = () => {
      throw new TypeError('This document requires a TrustedScriptURL');
    };
    const unborn = () => {
      const worker = startWorker();
      worker.terminate();
      return worker;
    };
    for (const startWorker of [refused, unborn]) {
      const backend = await open({ threads: 2, startWorker });
      expect(backend.info.adapter).toMatch(/SIMD, 1 thread\)$/);
      expect((await run(await backend.prepare(program, weights), 6))[0]).toBe(6);
    }
  });

  it('of as many threads as the machine runs at once, at most four, is what nobody asks for by number', async () => {
    const { info, limits } = await open({});
    expect(info.adapter).toMatch(/^CPU \(WASM (relaxed|plain) SIMD, (1 thread|[234] threads)\)$/);
    expect(limits.threads).toBeLessThanOrEqual(4);
    for (const threads of [0, 1.5, 65, Number.NaN]) expect((await rejectedBy(createWasmBackend({ threads }))).code).toBe('usage');
  });
});
