import { createRowTransform } from '../../src/compute/transform.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { parity } from '../../src/core/bits.ts';
import { createRandom } from '../../src/core/random.ts';
import { createGraph } from '../../test/support/onnx/graph.ts';
import { type Contest, type Engine, farthest, ONE_THREAD, type Setup, type Surroundings } from './contest.ts';
import { createRadix2 } from './radix2.ts';

/** 2^12 = 64 · 64: H of 4,096 is the product of H of 64 along each of two axes. */
const SIZE = 4096;
const SIDE = 64;
/** Rows of the first run, in which pipelines are compiled. */
const WARM_ROWS = 64;

/** One side: the transforms of rows, from JavaScript's memory to JavaScript's memory. */
interface Side {
  transform(rows: Float32Array): Promise<Float32Array>;
  readonly adapter?: string;
  close(): Promise<void>;
}

const SIDES: Readonly<Record<string, (around: Surroundings, mostRows: number) => Promise<Side>>> = {
  async gpu({ gpu }, mostRows) {
    const backend = await createWebgpuBackend({ gpu });
    const transform = await createRowTransform(backend, SIZE, mostRows);
    return {
      adapter: backend.info.adapter,
      transform: (rows) => transform.run(rows),
      async close() {
        transform.destroy();
        backend.destroy();
      },
    };
  },
  webgpu: ({ native, web }) => products(native ?? web),
  async radix2({ gpu }, mostRows) {
    const radix2 = await createRadix2(gpu, SIZE, mostRows);
    return { transform: (rows) => radix2.run(rows), close: async () => radix2.destroy() };
  },
};

/** Rows of 4,096 random numbers, all of them in one run of each side. Numbers are compared as shares of the largest. */
export function transforming(count: number): Setup {
  return async (around, names) => {
    const random = createRandom(13);
    const rows = Float32Array.from({ length: count * SIZE }, () => random.normal());
    const sides = new Map<string, Side>();
    for (const name of names) sides.set(name, await SIDES[name](around, count));
    const last = new Map<string, Float32Array>();
    const transform = async (name: string, given: Float32Array) => {
      const side = sides.get(name);
      if (side) last.set(name, await side.transform(given));
    };
    const of = (name: string) => last.get(name) ?? new Float32Array(0);
    return {
      sides: names,
      warm: (name) => transform(name, rows.subarray(0, Math.min(count, WARM_ROWS) * SIZE)),
      run: (name) => transform(name, rows),
      apart: (name) => farthest(of(names[0]), of(name)) / of(names[0]).reduce((most, v) => Math.max(most, Math.abs(v)), 0),
      facts: () => ({ adapter: sides.get(names[0])?.adapter ?? '', rows: count, size: SIZE }),
      async close() {
        for (const side of sides.values()) await side.close();
      },
    } satisfies Contest;
  };
}

/** onnxruntime has no operator for it: each row, 64 by 64, times H of 64 from the right, then from the left. */
async function products({ InferenceSession, Tensor }: Engine): Promise<Side> {
  const hadamard = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (parity((i >> 6) & i & (SIDE - 1)) ? -1 : 1));
  const g = createGraph('transform', 20);
  const x = g.input('x', ['rows', SIDE, SIDE], 'float32');
  const h = g.floats('h', [SIDE, SIDE], hadamard);
  const right = g.node('MatMul', 'right', [x, h]);
  const session = await InferenceSession.create(g.finish(g.node('MatMul', 'y', [h, right]), ['rows', SIDE, SIDE]), {
    ...ONE_THREAD,
    executionProviders: ['webgpu'],
  });
  return {
    async transform(rows) {
      const { y } = await session.run({ x: new Tensor('float32', rows, [rows.length / SIZE, SIDE, SIDE]) });
      return y.data as Float32Array;
    },
    close: () => session.release(),
  };
}
