import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Backend, Executable } from '../../src/compute/backend.ts';
import type { Program } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createRooms } from '../../src/compute/wasm/rooms.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { productProgram } from './support.ts';
import { watchedGpu } from './watched-gpu.ts';

const small = productProgram(20);
const large = productProgram(50_000);
/** Eight rows of eight: each number comes back as often as its row says. */
const matrix = Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 + i / 9 : 0));
const weights = new Map([
  ['weight', matrix],
  ['bias', new Float32Array(8)],
]);
const WEIGHT_BYTES = 4 * (64 + 8);
const WANT = [1, 2, 3, 4, 5, 6, 7, 8];
const counts = (rows: number) => ({ tokens: 0, tableRows: 0, sequences: rows });
const run = async (executable: Executable, value = 1, rows = 1) => [
  ...(await executable.run({ input: new Float32Array(8 * rows).fill(value) }, counts(rows))),
];

const opened: Backend[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const backend of opened.splice(0)) backend.destroy();
});
const open = async (backend: Backend | Promise<Backend>) => {
  opened.push(await backend);
  return opened[opened.length - 1];
};
const KINDS: [string, () => Backend | Promise<Backend>][] = [
  ['the reference', () => createReferenceBackend()],
  ['WebAssembly on the thread that calls', () => createWasmBackend({ threads: 1 })],
  ['WebAssembly on two workers', () => createWasmBackend({ threads: 2 })],
  ['WebGPU', () => createWebgpuBackend({ gpu: softwareGpu() })],
];

describe.each(KINDS)('weights that programs share on %s', (_, kind) => {
  it('stay as long as a program has them, and give each the numbers that weights of its own give', async () => {
    const backend = await open(kind());
    const alone = await run(await backend.prepare(large, weights), 3, 1000);
    const held = await backend.upload(small, weights);
    const first = await backend.prepare(small, held);
    const second = await backend.prepare(large, held);
    held.destroy();
    held.destroy();
    expect([await run(first), (await run(second, 3, 1000)).join() === alone.join()]).toEqual([WANT, true]);
    first.destroy();
    first.destroy();
    expect((await run(second, 3, 1000)).join()).toBe(alone.join());
    const third = await backend.prepare(small, held);
    second.destroy();
    expect((await rejectedBy(run(second))).code).toBe('device-lost');
    expect((await Promise.all([run(third), run(third, 2)])).flat()).toEqual([...WANT, ...WANT.map((x) => 2 * x)]);
    third.destroy();
    const error = await rejectedBy(backend.prepare(small, held));
    expect([error.code, error.message]).toEqual(['device-lost', expect.stringMatching(/got freed ones/)]);
  });

  it('are refused a program that has others, and a backend that has not got them', async () => {
    const backend = await open(kind());
    const held = await backend.upload(small, weights);
    const changed = (change: object): Program => ({
      ...small,
      buffers: small.buffers.map((spec) => (spec.name === 'weight' ? { ...spec, ...change } : spec)),
    });
    expect((await rejectedBy(backend.prepare(changed({ columns: 16 }), held))).message).toMatch(/weight weight of 128 numbers, got 64/);
    const halves = await rejectedBy(backend.prepare({ ...changed({ type: 'f16', rows: 16 }) }, held));
    expect([halves.code, halves.message]).toEqual([
      'self-check',
      expect.stringMatching(/expected weight weight as it was uploaded, got f16/),
    ]);
    const other = await open(kind());
    expect((await rejectedBy(other.prepare(small, held))).message).toMatch(/expected weights of this backend, got others/);
    // What was refused has not taken them.
    const executable = await backend.prepare(small, held);
    held.destroy();
    expect(await run(executable)).toEqual(WANT);
  });
});

describe('shared weights', () => {
  it('are in one buffer each of a GPU, which goes with the last that has them', async () => {
    const alive = new Map<string, number>();
    const [made, gone] = [new Map<string, number>(), { buffers: 0 }];
    const gpu = watchedGpu(({ name, args, go }) => {
      if (name === 'createBuffer') {
        const { label = '', size } = args[0] as GPUBufferDescriptor;
        made.set(label, (made.get(label) ?? 0) + 1);
        if (weights.has(label)) alive.set(label, size);
      }
      if (name === 'destroy') gone.buffers++;
      return go();
    });
    const backend = await open(createWebgpuBackend({ gpu, tiling: 'direct' }));
    const held = await backend.upload(small, weights);
    const programs = await Promise.all([backend.prepare(small, held), backend.prepare(large, held)]);
    expect([made.get('weight'), made.get('bias'), made.get('input')]).toEqual([1, 1, 2]);
    expect([...alive.values()].reduce((a, b) => a + b, 0)).toBe(WEIGHT_BYTES);
    const all = [...made.values()].reduce((a, b) => a + b, 0);
    held.destroy();
    programs[0].destroy();
    const half = (all - 2) / 2;
    expect(gone.buffers).toBe(half);
    programs[1].destroy();
    expect(gone.buffers).toBe(all);
  });

  it('are in one memory of WebAssembly, in which a program takes the place of one that is gone, as clean as a fresh one', async () => {
    const memories: WebAssembly.Memory[] = [];
    const { Memory } = WebAssembly;
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function make(descriptor) {
      memories.push(new Memory(descriptor));
      return memories[memories.length - 1];
    });
    const backend = await open(createWasmBackend({ threads: 1 }));
    const held = await backend.upload(small, weights);
    const first = await backend.prepare(small, held);
    const bytes = () => memories.map((memory) => memory.buffer.byteLength);
    const [before] = bytes();
    let second = await backend.prepare(large, held);
    const [grown] = bytes();
    expect(grown - before).toBeGreaterThan(50_000 * 8 * 4);
    for (let i = 0; i < 3; i++) {
      second.destroy();
      second = await backend.prepare(large, held);
      expect([await run(second, 2), await run(first)]).toEqual([WANT.map((x) => 2 * x), WANT]);
    }
    expect(bytes()).toEqual([grown]);
  });

  it('outlast a program that there is no memory for', async () => {
    const backend = await open(createWasmBackend({ threads: 1 }));
    const held = await backend.upload(small, weights);
    const first = await backend.prepare(small, held);
    const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('no more');
    });
    expect((await rejectedBy(backend.prepare(large, held))).code).toBe('out-of-memory');
    grow.mockRestore();
    expect([await run(first), await run(await backend.prepare(large, held))]).toEqual([WANT, WANT]);
  });
});

it('rooms are the lowest that are free, and never overlap', () => {
  const rooms = createRooms(100);
  expect([rooms.take(50), rooms.take(30), rooms.take(20)]).toEqual([100, 150, 180]);
  rooms.leave(150);
  expect([rooms.take(40), rooms.take(10), rooms.take(20), rooms.take(1)]).toEqual([200, 150, 160, 240]);
  rooms.leave(100);
  rooms.leave(100);
  expect([rooms.take(51), rooms.take(50)]).toEqual([241, 100]);
});
