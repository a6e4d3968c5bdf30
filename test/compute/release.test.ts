import { expect, it, vi } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { release } from '../../src/compute/release.ts';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createPasses } from '../../src/model/passes.ts';
import { productProgram } from './support.ts';

it('arrays given back are empty, views of one buffer too, and giving back nothing does no harm', () => {
  const store = new Float32Array(10);
  const views = [store.subarray(0, 4), store.subarray(4), new Float32Array(3)];
  release(views);
  release(views);
  release([]);
  expect(views.map((view) => view.length)).toEqual([0, 0, 0]);
});

/** Sums of a row of ones by weights of two, made anew each time they are asked for. */
async function rowsOf(backend: Backend, made: Float32Array[]): Promise<number[]> {
  const weights = () => {
    const both = [new Float32Array(64).fill(2), new Float32Array(8)];
    made.push(...both);
    return new Map([
      ['weight', both[0]],
      ['bias', both[1]],
    ]);
  };
  const passes = await createPasses(productProgram(4), weights, backend);
  const out: number[] = [];
  const counts = { tokens: 0, tableRows: 0, sequences: 1 };
  const piece = {
    units: 1,
    counts,
    inputs: { input: new Float32Array(8).fill(1) },
    nameRow: String,
    take: (rows: Float32Array) => void out.push(...rows),
  };
  await passes.run({ units: 1, rows: () => 1, longest: 1, pack: () => piece });
  passes.destroy();
  return out;
}

it.each([1, 2])('weights made for WebAssembly on %i threads are given back once it has its own', async (threads) => {
  const backend = await createWasmBackend({ threads });
  const made: Float32Array[] = [];
  expect(await rowsOf(backend, made)).toEqual(Array(8).fill(16));
  expect(made.map((array) => array.length)).toEqual([0, 0]);
  backend.destroy();
});

it('weights that a backend goes on reading are left to it', async () => {
  const made: Float32Array[] = [];
  expect(await rowsOf(createReferenceBackend(), made)).toEqual(Array(8).fill(16));
  expect(made.map((array) => array.length)).toEqual([64, 8]);
});

it('weights made for a device that has no room for them are given back too', async () => {
  const backend = await createWasmBackend({ threads: 1 });
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse() {
    throw new RangeError('could not allocate memory');
  });
  const made: Float32Array[] = [];
  await expect(rowsOf(backend, made)).rejects.toMatchObject({ code: 'out-of-memory' });
  expect(made.map((array) => array.length)).toEqual([0, 0]);
  vi.restoreAllMocks();
  backend.destroy();
});
