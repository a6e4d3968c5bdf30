import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import type { Program } from '../../src/compute/program.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { WebspexError } from '../../src/core/errors.ts';
import { type Call, watchedGpu } from './watched-gpu.ts';

/** Rows of a table looked up by index: two cheap kernels, and an answer that shows which inputs, weights and run it came from. */
const program: Program = {
  buffers: [
    { name: 'table', kind: 'weight', type: 'f32', rows: 4, columns: 8 },
    { name: 'index', kind: 'input', type: 'u32', rows: 'sequences', columns: 1 },
    { name: 'result', kind: 'scratch', type: 'f32', rows: 'sequences', columns: 8 },
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: 10 },
  ],
  steps: [
    {
      kernel: 'gather-rows',
      rows: 'sequences',
      bindings: { input: 'table', index: 'index', output: 'result' },
      constants: {},
      params: { columns: 8, inputStride: 8, outputStride: 8, inputColumn: 0, outputColumn: 0 },
    },
    {
      kernel: 'finish',
      rows: 'sequences',
      bindings: { hidden: 'result', logits: 'result', output: 'output' },
      constants: { WIDTH: 8, LABELS: 8 },
      params: { hiddenStride: 8, logitStride: 8 },
    },
  ],
  capacity: { tokens: 0, tableRows: 0, sequences: 4 },
};
const table = Float32Array.from({ length: 32 }, (_, i) => 100 + i);
/** The inputs of three batches, no two alike. */
const BATCHES = [
  [0, 1, 2, 3],
  [3, 3, 1],
  [2, 0, 2, 1],
];
const answerTo = (batch: number[]) => batch.flatMap((row) => [...table.subarray(8 * row, 8 * row + 8)]);

let backend: Backend | null = null;
afterEach(() => {
  backend?.destroy();
  backend = null;
});

/** Opens, prepares and runs three batches, the last two in flight at once; gives each batch's answer or error. */
async function threeBatches(onCall: (call: Call) => unknown): Promise<PromiseSettledResult<Float32Array>[]> {
  try {
    backend = await createWebgpuBackend({ gpu: watchedGpu(onCall) });
    const executable = await backend.prepare(program, new Map([['table', table]]));
    const run = (batch: number[]) =>
      executable.run({ index: Uint32Array.from(batch) }, { tokens: 0, tableRows: 0, sequences: batch.length });
    const [first] = await Promise.allSettled([run(BATCHES[0])]);
    return [first, ...(await Promise.allSettled([run(BATCHES[1]), run(BATCHES[2])]))];
  } catch (reason) {
    return [{ status: 'rejected', reason }];
  }
}

/** An uncaught validation error of Dawn's own making. */
function raise(device: GPUDevice | null): void {
  if (device) Object.getPrototypeOf(device).createBuffer.call(device, { size: 16, usage: 0 });
}

/** The call in a form that WebGPU refuses; where it has none, a refused call beside it and the call left out. */
function refused(call: Call): unknown {
  const { name, args, go, device } = call;
  switch (name) {
    case 'createBuffer':
      return go({ ...(args[0] as object), usage: 0 });
    case 'createShaderModule':
      return go({ code: 'this is not WGSL' });
    case 'createBindGroup':
      return go({ ...(args[0] as object), entries: [] });
    case 'createBindGroupLayout':
      return go({ entries: [0, 0].map((binding) => ({ binding, visibility: 4, buffer: {} })) });
    case 'createComputePipelineAsync':
      return go({ ...(args[0] as { compute: object }), compute: { ...(args[0] as { compute: object }).compute, entryPoint: 'absent' } });
    case 'writeBuffer':
      return go(args[0], 1 << 20, ...args.slice(2));
    case 'copyBufferToBuffer':
      return go(args[0], 0, args[2], 1 << 20, 16);
    case 'dispatchWorkgroups':
      return go(70_000);
    case 'mapAsync':
      return go(1, 0, 1 << 20);
    default:
      raise(device);
      return /^(request|create|begin|finish|get|pop)/.test(name) ? go() : undefined;
  }
}

const FAULTS: Readonly<Record<string, (call: Call) => unknown>> = {
  'throws, or rejects': ({ name }) => {
    if (/Async$|^request|^pop/.test(name)) return Promise.reject(new Error(`${name} failed`));
    throw new RangeError(`${name} failed`);
  },
  'is refused by WebGPU': refused,
  'loses the device first': ({ device, go }) => {
    device?.destroy();
    return go();
  },
  'runs out of memory': ({ device, name, args, go }) => {
    // A buffer as large as the adapter says it can be cannot be had; the real error, from Dawn.
    if (name === 'createBuffer' && device)
      return go({ ...(args[0] as object), size: device.limits.maxBufferSize, mappedAtCreation: false });
    return go();
  },
};

/** Asks the adapter for its largest buffers, so that running out of memory can be had at all. */
function withLargestBuffers(call: Call, then: (call: Call) => unknown, adapterOf: { adapter: GPUAdapter | null }): unknown {
  if (call.name === 'requestAdapter')
    return Promise.resolve(then(call)).then((adapter) => {
      adapterOf.adapter = adapter as GPUAdapter;
      return adapter;
    });
  if (call.name === 'requestDevice' && call.args.length === 0) {
    const maxBufferSize = adapterOf.adapter?.limits.maxBufferSize;
    return then({ ...call, go: () => call.go({ requiredLimits: { maxBufferSize } }) });
  }
  return then(call);
}

/** Calls of a run in which nothing fails. */
async function countCalls(): Promise<number> {
  let calls = 0;
  const results = await threeBatches((call) => {
    calls++;
    return call.go();
  });
  expect(results.map((r) => r.status === 'fulfilled' && [...r.value])).toEqual(BATCHES.map(answerTo));
  backend?.destroy();
  return calls;
}

/** Checks that every batch has the right answer or one of our errors, and says how many had which. */
function checkBatches(results: PromiseSettledResult<Float32Array>[], where: string): { typed: number; right: number } {
  const seen = { typed: 0, right: 0 };
  results.forEach((result, b) => {
    if (result.status === 'fulfilled') {
      expect([...result.value], `${where}, batch ${b}`).toEqual(answerTo(BATCHES[b]));
      seen.right++;
    } else {
      expect(result.reason, `${where}, batch ${b}`).toBeInstanceOf(WebspexError);
      expect(['device-lost', 'out-of-memory', 'self-check', 'no-adapter'], where).toContain((result.reason as WebspexError).code);
      seen.typed++;
    }
  });
  return seen;
}

describe('a run of three batches on a device where call k fails', () => {
  it.each(Object.keys(FAULTS))('gives right answers or typed errors, for every k, where the call %s', async (fault) => {
    const calls = await countCalls();
    let typed = 0;
    for (let k = 0; k < calls; k++) {
      let at = '';
      const found = { adapter: null };
      const results = await threeBatches((call) =>
        withLargestBuffers(
          call,
          (c) => {
            if (c.index !== k) return c.go();
            at = c.name;
            return FAULTS[fault](c);
          },
          found,
        ),
      );
      backend?.destroy();
      expect(at).not.toBe('');
      typed += checkBatches(results, `${fault}: call ${k} (${at})`).typed;
    }
    expect(typed).toBeGreaterThan(0);
  });

  it('takes no stale result where a submission, a copy, the last kernel or the number of the run gets lost without a word', async () => {
    const [submit, copy, dispatch, write] = ['submit', 'copyBufferToBuffer', 'dispatchWorkgroups', 'writeBuffer'];
    // Each batch makes one submission and one copy, two dispatches and two writes, of which these are the ones that carry the stamp.
    for (const [name, places] of [
      [submit, [0, 1, 2]],
      [copy, [0, 1, 2]],
      [dispatch, [1, 3, 5]],
      [write, [0, 2, 4]],
    ] as const)
      for (const [batch, place] of places.entries()) {
        let seen = 0;
        const results = await threeBatches((call) => (call.name === name && seen++ === place ? undefined : call.go()));
        const lost = results[batch];
        expect(lost, `${name} of batch ${batch}`).toMatchObject({ status: 'rejected', reason: { code: 'device-lost' } });
        expect(String((lost as PromiseRejectedResult).reason)).toMatch(/stamped \d+, got \d+/);
        expect(checkBatches(results, name).right).toBe(2);
        backend?.destroy();
      }
  });

  it('says out-of-memory where a buffer cannot be had', async () => {
    const found = { adapter: null };
    let made = 0;
    const results = await threeBatches((call) =>
      withLargestBuffers(call, (c) => (c.name === 'createBuffer' && made++ === 2 ? FAULTS['runs out of memory'](c) : c.go()), found),
    );
    expect(results).toMatchObject([{ status: 'rejected', reason: { code: 'out-of-memory' } }]);
  });
});
