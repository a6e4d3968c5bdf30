import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Backend, Executable } from '../../src/compute/backend.ts';
import { type Program, padWidth } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { describeAdapter } from '../../src/compute/webgpu/device.ts';
import { assemble } from '../../src/compute/webgpu/shaders.ts';
import { rejectedBy, thrownBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { productProgram } from './support.ts';
import { watchedGpu } from './watched-gpu.ts';

const program = productProgram(40);
const identity = Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0));
const weights = new Map([
  ['weight', identity],
  ['bias', new Float32Array(8)],
]);
/** Rows of one number each; the identity gives them back. */
const inputOf = (value: number, rows: number) => ({ input: new Float32Array(8 * rows).fill(value) });
const run = (executable: Executable, value: number, rows = 40) =>
  executable.run(inputOf(value, rows), { tokens: 0, tableRows: 0, sequences: rows });

const opened: Backend[] = [];
const keep = <T extends Backend>(backend: T): T => {
  opened.push(backend);
  return backend;
};
afterEach(() => {
  vi.unstubAllGlobals();
  for (const backend of opened.splice(0)) backend.destroy();
});
const both = async () => [createReferenceBackend(), keep(await createWebgpuBackend({ gpu: softwareGpu() }))];

describe('an executable', () => {
  it('creates nothing on the device in its runs: no buffer, bind group, pipeline or module', async () => {
    const calls: string[] = [];
    const gpu = watchedGpu((call) => {
      calls.push(call.name);
      return call.go();
    });
    const executable = await keep(await createWebgpuBackend({ gpu })).prepare(program, weights);
    const created = (names: readonly string[]) => names.filter((n) => n.startsWith('create') && n !== 'createCommandEncoder');
    expect(created(calls)).toEqual(expect.arrayContaining(['createBuffer', 'createBindGroup', 'createComputePipelineAsync']));
    const before = calls.length;
    await run(executable, 1);
    await Promise.all([run(executable, 2), run(executable, 3, 7)]);
    expect(created(calls.slice(before))).toEqual([]);
    // One submission each, and everything that was made is given back.
    expect(calls.filter((n) => n === 'submit').length).toBe(3);
    executable.destroy();
    expect(calls.filter((n) => n === 'destroy').length).toBe(calls.filter((n) => n === 'createBuffer').length);
  });

  it('answers runs in the order they were started, each with its own numbers, however many are started at once', async () => {
    for (const backend of await both()) {
      const executable = await backend.prepare(program, weights);
      const order: number[] = [];
      const answers = await Promise.all(
        Array.from({ length: 9 }, async (_, i) => {
          const answer = await run(executable, i, 40 - 4 * i);
          order.push(i);
          return answer;
        }),
      );
      expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      answers.forEach((answer, i) => {
        expect([...answer]).toEqual(new Array(8 * (40 - 4 * i)).fill(i));
      });
      executable.destroy();
    }
  });

  it('that is destroyed fails its runs, those under way too, with a typed error', async () => {
    for (const backend of await both()) {
      const executable = await backend.prepare(program, weights);
      const flying = [run(executable, 1), run(executable, 2), run(executable, 3)].map(rejectedBy);
      executable.destroy();
      executable.destroy();
      for (const error of await Promise.all(flying)) expect(error.code).toBe('device-lost');
      expect((await rejectedBy(run(executable, 1))).code).toBe('device-lost');
      // The device itself is well.
      const again = await backend.prepare(program, weights);
      expect((await run(again, 5, 1))[0]).toBe(5);
      again.destroy();
    }
  });

  it('does not start where its signal is aborted, before or while it waits for its turn', async () => {
    for (const backend of await both()) {
      const executable = await backend.prepare(program, weights);
      const counts = { tokens: 0, tableRows: 0, sequences: 1 };
      expect((await rejectedBy(executable.run(inputOf(1, 1), counts, { signal: AbortSignal.abort() }))).code).toBe('aborted');
      const stop = new AbortController();
      const first = [run(executable, 1), run(executable, 2)];
      const waiting = rejectedBy(executable.run(inputOf(3, 1), counts, { signal: stop.signal }));
      stop.abort();
      expect((await waiting).code).toBe('aborted');
      expect((await Promise.all(first)).map((a) => a[0])).toEqual([1, 2]);
      expect((await run(executable, 4, 1))[0]).toBe(4);
      executable.destroy();
    }
  });

  it('refuses more rows than were planned and inputs that are too short, before anything runs', async () => {
    for (const backend of await both()) {
      const executable = await backend.prepare(program, weights);
      const many = await rejectedBy(run(executable, 1, 41));
      expect([many.code, many.message]).toEqual(['self-check', expect.stringMatching(/at most 40 sequences, got 41/)]);
      const short = await rejectedBy(executable.run(inputOf(1, 2), { tokens: 0, tableRows: 0, sequences: 3 }));
      expect([short.code, short.message]).toEqual(['self-check', expect.stringMatching(/24 numbers in input, got 16/)]);
      executable.destroy();
    }
  });

  it('names the first row that is not finite, where a weight or an input is not', async () => {
    for (const backend of await both())
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const healthy = await backend.prepare(program, weights);
        const inputs = inputOf(1, 5);
        inputs.input[8 * 3 + 2] = bad;
        const error = await rejectedBy(healthy.run(inputs, { tokens: 0, tableRows: 0, sequences: 5 }));
        expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 3, got/)]);
        expect((await run(healthy, 2, 5))[0]).toBe(2);
        healthy.destroy();
        const sick = await backend.prepare(program, new Map([...weights, ['weight', identity.map((w, i) => (i === 20 ? bad : w))]]));
        expect((await rejectedBy(run(sick, 1))).message).toMatch(/in row 0, got/);
        sick.destroy();
      }
  });
});

describe('a device', () => {
  it('that reports an error which no scope caught is trusted no more, until it is opened anew', async () => {
    const uncaught = async (raise: (device: GPUDevice) => void) => {
      let device: GPUDevice | null = null;
      const gpu = watchedGpu((call) => {
        device = call.device ?? device;
        return call.go();
      });
      const backend = keep(await createWebgpuBackend({ gpu }));
      const executable = await backend.prepare(program, weights);
      expect((await run(executable, 1, 1))[0]).toBe(1);
      raise(device as unknown as GPUDevice);
      const error = await rejectedBy(
        (async () => {
          // The report comes with the device's next turn.
          await run(executable, 2, 1);
          await run(executable, 3, 1);
        })(),
      );
      expect((await rejectedBy(run(executable, 4, 1))).code).toBe(error.code);
      expect((await rejectedBy(backend.prepare(program, weights))).code).toBe(error.code);
      await backend.reopen?.();
      const again = await backend.prepare(program, weights);
      expect((await run(again, 5, 1))[0]).toBe(5);
      return error;
    };
    const validation = await uncaught((device) => device.createBuffer({ size: 16, usage: 0 }));
    expect([validation.code, validation.message]).toEqual(['self-check', expect.stringMatching(/uncaptured error/)]);
  });

  it('that is lost says so, and a backend that was destroyed does not come back', async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    const executable = await backend.prepare(program, weights);
    const flying = rejectedBy(run(executable, 1));
    backend.destroy();
    expect((await flying).code).toBe('device-lost');
    expect((await rejectedBy(run(executable, 1))).code).toBe('device-lost');
    expect((await rejectedBy(backend.prepare(program, weights))).code).toBe('device-lost');
    expect((await rejectedBy(Promise.resolve(backend.reopen?.()))).message).toMatch(/got a destroyed one/);
  });

  it('is named as its driver names it, and known to be software', async () => {
    const { info } = keep(await createWebgpuBackend({ gpu: softwareGpu() }));
    expect(info).toMatchObject({ backend: 'webgpu', software: true, adapter: expect.stringMatching(/swiftshader/i) });
    const adapter = (of: object) =>
      describeAdapter({ info: { vendor: '', architecture: '', device: '', description: '', ...of } } as GPUAdapter);
    expect(adapter({ vendor: 'nvidia', architecture: 'hopper' })).toEqual({ backend: 'webgpu', adapter: 'nvidia hopper', software: false });
    expect(adapter({ description: 'llvmpipe (LLVM 15)' }).software).toBe(true);
    expect(adapter({ vendor: 'x', isFallbackAdapter: true })).toEqual({ backend: 'webgpu', adapter: 'x', software: true });
    expect(adapter({}).adapter).toBe('unnamed adapter');
  });

  it('that cannot be had is a typed error that says why', async () => {
    const code = async (options: Parameters<typeof createWebgpuBackend>[0]) => (await rejectedBy(createWebgpuBackend(options))).code;
    const gpuOf = (requestAdapter: () => unknown) => ({ requestAdapter: async () => requestAdapter() }) as unknown as GPU;
    expect(await code({ gpu: gpuOf(() => null) })).toBe('no-adapter');
    expect(await code({ gpu: softwareGpu(), allowSoftware: false })).toBe('no-adapter');
    const info = { vendor: 'v', architecture: '', device: '', description: '' };
    expect(await code({ gpu: gpuOf(() => ({ info, requestDevice: () => Promise.reject(new Error('consumed')) })) })).toBe('device-lost');
    vi.stubGlobal('navigator', {});
    expect(await code({})).toBe('no-webgpu');
    vi.stubGlobal('isSecureContext', false);
    expect(await code({})).toBe('insecure-context');
  });
});

describe('a program', () => {
  const [product, finish] = program.steps;
  const without = (record: object, key: string) => Object.fromEntries(Object.entries(record).filter(([k]) => k !== key));
  const step = (change: object): Program => ({ ...program, steps: [{ ...product, ...change } as never, finish] });
  const bad: [string, Program, Map<string, Float32Array>, RegExp][] = [
    [
      'a slot left unbound',
      step({ bindings: without(product.bindings, 'input') }),
      weights,
      /step 0 \(matmul\) to bind input, got nothing/,
    ],
    ['no buffer of a name', step({ bindings: { ...product.bindings, bias: 'bais' } }), weights, /a buffer named bais, got none/],
    ['a constant left out', step({ constants: without(product.constants, 'K') }), weights, /to give constant K, got none/],
    ['a parameter left out', step({ params: without(product.params, 'columns') }), weights, /to give columns, got none/],
    [
      'an output that is also read',
      step({ bindings: { ...product.bindings, output: 'input' } }),
      weights,
      /another buffer than it reads as input/,
    ],
    ['a weight that is missing', program, new Map([['weight', identity]]), /weight bias of 8 numbers, got none/],
    ['a weight of another size', program, new Map([...weights, ['bias', new Float32Array(7)]]), /weight bias of 8 numbers, got 7/],
  ];
  it.each(bad)('with %s is refused before anything is allocated, by both backends', async (_, wrong, given, message) => {
    const gpu = watchedGpu((call) => {
      if (/^create/.test(call.name)) throw new Error(`unexpected ${call.name}`);
      return call.go();
    });
    for (const backend of [createReferenceBackend(), keep(await createWebgpuBackend({ gpu }))]) {
      const error = await rejectedBy(backend.prepare(wrong, given));
      expect([error.code, error.message]).toEqual(['self-check', expect.stringMatching(message)]);
    }
  });

  it('has widths that are multiples of 8', () => {
    expect([1, 8, 9, 384, 1535].map(padWidth)).toEqual([8, 8, 16, 384, 1536]);
  });
});

describe('a shader', () => {
  it('is put together from its imports, each once, and an unknown one is refused', () => {
    const text = assemble('#import shared/step.wgsl\n#import shared/step.wgsl\nrest');
    expect(text.match(/struct Run/g)?.length).toBe(1);
    expect(text).toMatch(/rest$/);
    expect(thrownBy(() => assemble('#import shared/none.wgsl')).message).toMatch(/a snippet shared\/none.wgsl, got none/);
  });

  it('that does not compile is a typed error with the compiler’s words', async () => {
    const gpu = watchedGpu((call) =>
      call.name === 'createShaderModule' ? call.go({ code: '@compute @workgroup_size(1) fn main() { oops }' }) : call.go(),
    );
    const error = await rejectedBy(keep(await createWebgpuBackend({ gpu })).prepare(program, weights));
    expect([error.code, error.message]).toEqual(['self-check', expect.stringMatching(/oops|expected/)]);
  });
});
