import { expect, it } from 'vitest';
import { KERNELS, type KernelName, type KernelSignature } from '../../../src/compute/kernels.ts';
import { PACKED, panelWords } from '../../../src/compute/packed.ts';
import type { BufferSpec, Program, Weights } from '../../../src/compute/program.ts';
import { compileKernels } from '../../../src/compute/wasm/compile.ts';
import { createInstance } from '../../../src/compute/wasm/instance.ts';
import { type Layout, layOut, placeWeights } from '../../../src/compute/wasm/layout.ts';
import { slicesOf } from '../../../src/compute/wasm/slices.ts';
import { createStore } from '../../../src/compute/wasm/store.ts';
import { createRandom } from '../../../src/core/random.ts';
import { type Matrix, normals, whole } from '../support.ts';
import { BUILDS } from './support.ts';

interface Long {
  readonly kernel: KernelName;
  readonly rows: number;
  readonly columns: number;
  readonly bindings: Readonly<Record<string, Matrix>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
}

/** A program of one step, its output read as it is. */
function programOf({ kernel, rows, columns, bindings, constants, params }: Long): Program {
  const { writes }: KernelSignature = KERNELS[kernel];
  const buffers = Object.entries(bindings).map(
    ([name, m]): BufferSpec => ({
      ...{ name, rows: m.rows, columns: m.columns },
      ...{ kind: m.packed ? 'weight' : 'input', type: m.packed ?? (m.values instanceof Uint32Array ? 'u32' : 'f32') },
    }),
  );
  return {
    buffers: [...buffers, { name: 'out', kind: 'output', type: 'f32', rows: 'tokens', columns }],
    steps: [
      {
        ...{ kernel, constants, params, rows: 'tokens' },
        bindings: { ...Object.fromEntries(Object.keys(bindings).map((name) => [name, name])), [writes]: 'out' },
      },
    ],
    capacity: { tokens: rows, tableRows: 0, sequences: 0 },
  };
}

/** The output words of a long step, and the kernel calls that made them. */
async function words(layout: Layout, program: Program, long: Long, module: WebAssembly.Module) {
  const of = (kind: string) =>
    program.buffers.filter((b) => b.kind === kind).map(({ name }) => [name, long.bindings[name].values] as const);
  const store = await createStore(placeWeights(program), new Map(of('weight')) as Weights, layout.bytes);
  const instance = await createInstance(module, layout, store);
  const run = instance.run(Object.fromEntries(of('input')), program.capacity, 1);
  let calls = 0;
  for (;;) {
    const { done, value } = run.next();
    if (done) return { calls, words: value };
    calls++;
  }
}

const random = createRandom(41);

/** rows × 512 × columns, whose last panel has no neighbour. */
function product(rows: number, columns: number, type: 'f32' | (typeof PACKED)[number]): Long {
  const K = 512;
  const packed: Matrix = {
    ...{ rows: K, columns, packed: type === 'f32' ? undefined : type },
    // Of packed numbers any small ones: exponents stay low, so that nothing overflows.
    values:
      type === 'f32'
        ? normals(random, K, columns, 0.05).values
        : Uint32Array.from({ length: (columns / 8) * panelWords(type, K) }, () => random.below(2 ** 32) & 0x3fff3fff),
  };
  return {
    ...{ kernel: 'matmul', rows, columns },
    bindings: {
      ...{ input: normals(random, rows, K), weight: packed },
      ...{ bias: normals(random, 1, columns), residual: normals(random, rows, columns) },
    },
    constants: { K, ACTIVATION: 1, RESIDUAL: 1 },
    params: { columns, weightColumn: 0, outputStride: columns, outputColumn: 0 },
  };
}

/** Heads of so many rows, with their columns of a weight of 512 terms. */
function absorbing(kernel: 'absorb-keys' | 'absorb-values', rows: number): Long {
  const [K, heads, width] = [512, 3, 384];
  const columns = heads * width;
  const isKeys = kernel === 'absorb-keys';
  return {
    ...{ kernel, rows, columns: isKeys ? heads * K : columns },
    bindings: {
      ...{ input: normals(random, rows, isKeys ? columns : heads * K), weight: normals(random, K, columns, 0.05) },
      ...(!isKeys && { bias: normals(random, 1, columns) }),
    },
    constants: { K, HEAD_WIDTH: width },
    params: { columns, weightColumn: 0 },
  };
}

/** Texts of so many rows each in one buffer of keys and values; each row sees the rows of its text up to itself. */
function attending(kernel: 'attention' | 'causal-attention', rows: number, buffer: number, lengths: readonly number[]): Long {
  const [heads, keyHeads, width] = [6, kernel === 'attention' ? 6 : 3, 64];
  const starts: number[] = [];
  for (let start = 0; starts.length < rows; start += lengths[start % lengths.length])
    for (let i = 0; i < lengths[start % lengths.length] && starts.length < rows; i++) starts.push(start);
  const ranges = starts.flatMap((start, row) => [start, row + 1]);
  const keyColumns = 2 * keyHeads * width;
  return {
    ...{ kernel, rows, columns: heads * width },
    bindings: {
      query: normals(random, rows, heads * width, 0.3),
      keyValue: normals(random, buffer, keyColumns),
      ...(kernel === 'causal-attention' && {
        paths: whole(
          rows,
          1,
          Array.from({ length: rows }, (_, i) => (i * 7) % buffer),
        ),
      }),
      ranges: whole(rows, 2, ranges),
    },
    constants: { HEADS: heads, KEY_HEADS: keyHeads, HEAD_WIDTH: width, ...(kernel === 'attention' && { SCALE: 1 }) },
    params: {
      ...{ queryStride: heads * width, keyStride: keyColumns, keyColumn: 0 },
      ...{ valueColumn: keyHeads * width, outputStride: heads * width },
    },
  };
}

it.each([
  ['columns of a product', product(300, 2008, 'f32'), 2],
  ...PACKED.map((type) => [`columns of a product of ${type} weights`, product(137, 4104, type), 2] as const),
  ['heads of absorbed keys', absorbing('absorb-keys', 600), 2],
  ['heads of absorbed values', absorbing('absorb-values', 600), 2],
  ['heads of attention', attending('attention', 600, 700, [1, 37, 129]), 2],
  ['key heads of causal attention', attending('causal-attention', 700, 1100, [5, 130, 61]), 3],
  ['key heads and rows of causal attention', attending('causal-attention', 700, 2400, [200, 31]), 6],
] as const)('cuts a long step into %s that make the same bits, in both builds', async (_, long, least) => {
  const program = programOf(long);
  const layout = layOut(program);
  for (const build of BUILDS) {
    const { module } = await compileKernels(build);
    const cut = await words(layout, program, long, module);
    const atOnce = await words({ ...layout, calls: layout.calls.map((call) => ({ ...call, cut: undefined })) }, program, long, module);
    expect([cut.calls >= least, atOnce.calls]).toEqual([true, 1]);
    expect(new Set(atOnce.words).size).toBeGreaterThan(long.rows);
    expect(cut.words.findIndex((word, i) => word !== atOnce.words[i])).toBe(-1);
  }
});

it('lets no slice of a product do more than 2²⁸ multiplications', () => {
  const { calls } = layOut(programOf({ ...product(8, 4096, 'f32'), rows: 8192 }));
  const [{ arguments: whole, cut }] = calls;
  expect(cut).toBeDefined();
  expect(slicesOf(whole, cut, 8192).map(([rows, ...rest]) => rows * rest[6] * 512 <= 2 ** 28)).not.toContain(false);
});
