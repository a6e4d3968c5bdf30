import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { packPanels } from '../../../src/compute/panels.ts';
import type { BufferSpec, Program, Step } from '../../../src/compute/program.ts';
import { createWasmBackend, type WasmOptions } from '../../../src/compute/wasm/backend.ts';
import { startWorker } from '../../../src/compute/wasm/start-worker.ts';
import { scored, tinyCausal, tinyParts } from '../../model/causal/support.ts';
import { rejectedBy } from '../../model/support.ts';

const WIDTH = 384;
const ROWS = 256;
const STEPS = 1000;

/** A long way of copying `input`: products with the identity, to and fro. Some ten seconds of one core; only runs of few rows are let to end. */
const program: Program = {
  buffers: [
    { name: 'input', kind: 'input', type: 'f32', rows: 'sequences', columns: WIDTH },
    { name: 'weight', kind: 'weight', type: 'f32', rows: WIDTH, columns: WIDTH },
    { name: 'bias', kind: 'weight', type: 'f32', rows: 1, columns: WIDTH },
    ...['to', 'fro'].map((name): BufferSpec => ({ name, kind: 'scratch', type: 'f32', rows: 'sequences', columns: WIDTH })),
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: 10 },
  ],
  steps: [
    ...Array.from({ length: STEPS }, (_, i): Step => {
      const input = i === 0 ? 'input' : i % 2 === 0 ? 'fro' : 'to';
      return {
        ...{ kernel: 'matmul', rows: 'sequences', constants: { K: WIDTH, ACTIVATION: 0, RESIDUAL: 0 } },
        bindings: { input, weight: 'weight', bias: 'bias', output: i % 2 === 0 ? 'to' : 'fro' },
        params: { columns: WIDTH, weightColumn: 0, outputStride: WIDTH, outputColumn: 0 },
      };
    }),
    {
      ...{ kernel: 'finish', rows: 'sequences', constants: { WIDTH, LABELS: 8 } },
      bindings: { hidden: 'fro', logits: 'fro', output: 'output' },
      params: { hiddenStride: WIDTH, logitStride: WIDTH },
    },
  ],
  capacity: { tokens: 0, tableRows: 0, sequences: ROWS },
};
const identity = Array.from({ length: WIDTH * WIDTH }, (_, i) => (i % (WIDTH + 1) === 0 ? 1 : 0));
const weights = new Map([
  ['weight', packPanels(identity, WIDTH, WIDTH)],
  ['bias', new Float32Array(WIDTH)],
]);
const inputOf = (value: number, rows: number) => ({ input: new Float32Array(WIDTH * rows).fill(value) });
const counts = (sequences: number) => ({ tokens: 0, tableRows: 0, sequences });

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

/** Has `told` know of each kernel call of this thread before it is made. */
function watchCalls(told: () => void): void {
  const instantiate = WebAssembly.instantiate as (
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
  ) => Promise<WebAssembly.Instance>;
  vi.spyOn(WebAssembly, 'instantiate').mockImplementation((async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
    const { exports } = await instantiate(module, imports);
    const watched = Object.entries(exports).map(([name, kernel]) => [
      name,
      (...given: number[]) => {
        told();
        return (kernel as (...given: number[]) => void)(...given);
      },
    ]);
    return { exports: Object.fromEntries(watched) };
  }) as unknown as typeof WebAssembly.instantiate);
}

/** A clock on which every kernel call takes a second. */
function slowClock(): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
}

describe('a run on the calling thread', () => {
  it('lets timers through while it is under way, and stops where one aborts it', async () => {
    let calls = 0;
    watchCalls(() => calls++);
    const executable = await (await open({ threads: 1 })).prepare(program, weights);
    const stop = new AbortController();
    setTimeout(() => stop.abort());
    const error = await rejectedBy(executable.run(inputOf(1, ROWS), counts(ROWS), { signal: stop.signal }));
    expect(error.code).toBe('aborted');
    expect(calls).toBeLessThan(STEPS / 2);
  });

  it('makes no kernel call after the turn that an abort comes in, nor does one that waits for it; the next ones answer right', async () => {
    let calls = 0;
    const stop = new AbortController();
    watchCalls(() => {
      if (++calls === 7) stop.abort('enough');
    });
    const executable = await (await open({ threads: 1 })).prepare(program, weights);
    slowClock();
    const { signal } = stop;
    const both = [1, 2].map((value) => rejectedBy(executable.run(inputOf(value, 2), counts(2), { signal })));
    const third = executable.run(inputOf(3, 2), counts(2));
    for (const error of await Promise.all(both)) expect([error.code, error.cause]).toEqual(['aborted', 'enough']);
    expect(calls).toBe(7);
    expect([...(await third)]).toEqual(Array(16).fill(3));
    expect(calls).toBe(7 + STEPS + 1);
    expect([...(await executable.run(inputOf(4, 1), counts(1)))]).toEqual(Array(8).fill(4));
  });

  it('does not mix with others that are started beside it, though each stops for the event loop after every call', async () => {
    const executable = await (await open({ threads: 1 })).prepare(program, weights);
    slowClock();
    const runs = await Promise.all([1, 2, 3].map((value) => executable.run(inputOf(value, value), counts(value))));
    expect(runs.map((row) => [row.length, ...new Set(row)])).toEqual([1, 2, 3].map((value) => [8 * value, value]));
  });

  it('stops where its executable is destroyed', async () => {
    let calls = 0;
    const destroy = vi.fn();
    watchCalls(() => {
      if (++calls === 5) destroy();
    });
    const executable = await (await open({ threads: 1 })).prepare(program, weights);
    destroy.mockImplementation(() => executable.destroy());
    slowClock();
    expect((await rejectedBy(executable.run(inputOf(1, 2), counts(2)))).code).toBe('device-lost');
    expect(calls).toBe(5);
  });
});

describe('runs in a pool', () => {
  it.each([false, true])('stop soon after their signal is aborted, all of them where they run everywhere: %s', async (everywhere) => {
    const said: string[] = [];
    const backend = await open({
      threads: 2,
      startWorker() {
        const worker = startWorker();
        const hear = (message: unknown) => said.push((message as { message?: string }).message ?? '');
        return {
          ...worker,
          onMessage: (listener) =>
            worker.onMessage((message) => {
              hear(message);
              listener(message);
            }),
        };
      },
    });
    const executable = await backend.prepare(program, weights);
    const stop = new AbortController();
    const runs = Array.from({ length: everywhere ? 1 : 5 }, () =>
      rejectedBy(executable.run(inputOf(1, ROWS), counts(ROWS), { signal: stop.signal, everywhere })),
    );
    setTimeout(() => stop.abort('enough'), 100);
    for (const error of await Promise.all(runs)) expect([error.code, error.cause]).toEqual(['aborted', 'enough']);
    const after = await Promise.all([2, 3, 4].map((value) => executable.run(inputOf(value, 2), counts(2))));
    expect(after.map((row) => [...new Set(row)])).toEqual([[2], [3], [4]]);
    // Both workers were at it; of the others none began.
    const calls = said.flatMap((message) => message.match(/a stop after (\d+) kernel calls/)?.[1] ?? []).map(Number);
    expect(calls.length).toBe(2);
    for (const done of calls) expect(done).toBeLessThan(STEPS / 2);
  });
});

describe('a causal model that is stopped in the middle', () => {
  it('of any call, of rows to be kept too, says the same afterwards as if it had not been', async () => {
    let calls = 0;
    let stopAt = 0;
    let stop = new AbortController();
    watchCalls(() => {
      if (++calls === stopAt) stop.abort();
    });
    const texts = [
      [1, 4, 2, 9, 5, 6],
      [1, 4, 2, 10, 5, 6],
      [1, 4, 3, 11, 5, 6],
    ];
    const asked = scored(texts, 4);
    const { ids, offsets } = scored(texts.map((list) => list.slice(0, 3)));
    const keep = { ids, offsets };
    const backend = await open({ threads: 1 });
    const fresh = () => tinyCausal(backend, tinyParts('llama'));
    const plain = await fresh();
    const want = [...(await plain.score(asked)).logProbs];
    slowClock();
    calls = 0;
    expect([...(await plain.score(asked, { keep })).logProbs]).toEqual(want);
    expect(plain.counters.keptTokens).toBeGreaterThan(0);
    const whole = calls;
    // After its last call a run has no more turn.
    for (let at = 1; at < whole; at += 3) {
      const model = await fresh();
      [calls, stopAt, stop] = [0, at, new AbortController()];
      const said = await model.score(asked, { keep, signal: stop.signal }).then(
        (scores) => [...scores.logProbs],
        (error: { code: string }) => error.code,
      );
      expect([at, said, calls]).toEqual([at, 'aborted', at]);
      stopAt = 0;
      expect([...(await model.score(asked, { keep })).logProbs]).toEqual(want);
      model.destroy();
    }
    plain.destroy();
  });
});
