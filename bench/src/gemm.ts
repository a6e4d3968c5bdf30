import { packPanels } from '../../src/compute/panels.ts';
import type { Program } from '../../src/compute/program.ts';
import { type Build, compileKernels } from '../../src/compute/wasm/compile.ts';
import { createInstance } from '../../src/compute/wasm/instance.ts';
import { layOut } from '../../src/compute/wasm/layout.ts';
import { createRandom } from '../../src/core/random.ts';
import { createGraph } from '../../test/support/onnx/graph.ts';
import { type Contest, farthest, ONE_THREAD, type Setup } from './contest.ts';

export interface Shape {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** Work of one sample: over a second on either side, as a process's CPU time comes in steps of 10 ms. */
const SAMPLE_FLOPS = 8e10;
const WARM_FLOPS = 3e10;

/**
 * input (rows, depth) · weight (depth, columns), the weight known beforehand. Each run takes its input from JavaScript and gives its output
 * back to it, on both sides: ours copies it into an array that the caller keeps, onnxruntime-web into a new one.
 */
export function gemm(shape: Shape): Setup {
  return async ({ web }) => {
    const random = createRandom(11);
    const { rows, depth, columns } = shape;
    const input = Float32Array.from({ length: rows * depth }, () => random.normal());
    const weight = Float32Array.from({ length: depth * columns }, () => random.normal() / Math.sqrt(depth));
    const products: Record<string, () => Float32Array | Promise<Float32Array>> = {
      relaxed: await ours('relaxed', shape, input, weight),
      plain: await ours('plain', shape, input, weight),
      web: await peer(web, shape, input, weight),
    };
    const last = new Map<string, Float32Array>();
    const flops = 2 * rows * depth * columns;
    const times = Math.ceil(SAMPLE_FLOPS / flops);
    const repeat = async (side: string, count: number) => {
      for (let i = 0; i < count; i++) last.set(side, await products[side]());
    };
    return {
      sides: Object.keys(products),
      warm: (side) => repeat(side, Math.ceil(WARM_FLOPS / flops)),
      run: (side) => repeat(side, times),
      apart: (side) => farthest(last.get('relaxed') ?? new Float32Array(0), last.get(side) ?? new Float32Array(1)),
      facts: () => ({ gigaflops: (times * flops) / 1e9 }),
      close: async () => {},
    } satisfies Contest;
  };
}

async function ours(build: Build, { rows, depth, columns }: Shape, input: Float32Array, weight: Float32Array) {
  const program: Program = {
    buffers: [
      { name: 'input', kind: 'input', type: 'f32', rows: 'tokens', columns: depth },
      { name: 'weight', kind: 'weight', type: 'f32', rows: depth, columns },
      { name: 'bias', kind: 'weight', type: 'f32', rows: 1, columns },
      { name: 'output', kind: 'output', type: 'f32', rows: 'tokens', columns },
    ],
    steps: [
      {
        kernel: 'matmul',
        rows: 'tokens',
        bindings: { input: 'input', weight: 'weight', bias: 'bias', output: 'output' },
        constants: { K: depth, ACTIVATION: 0, RESIDUAL: 0 },
        params: { columns, weightColumn: 0, outputStride: columns, outputColumn: 0 },
      },
    ],
    capacity: { tokens: rows, tableRows: 0, sequences: 0 },
  };
  const { module } = await compileKernels(build);
  const weights = new Map([
    ['weight', packPanels(weight, depth, columns)],
    ['bias', new Float32Array(columns)],
  ]);
  const instance = await createInstance(module, layOut(program), weights);
  const output = new Float32Array(rows * columns);
  return () => {
    const run = instance.run({ input }, program.capacity, 1);
    let step = run.next();
    while (!step.done) step = run.next();
    const { buffer, byteOffset, length } = step.value;
    output.set(new Float32Array(buffer, byteOffset, length));
    return output;
  };
}

async function peer({ InferenceSession, Tensor }: Parameters<Setup>[0]['web'], shape: Shape, input: Float32Array, weight: Float32Array) {
  const { rows, depth, columns } = shape;
  const g = createGraph('product', 20);
  const a = g.input('a', ['rows', depth], 'float32');
  g.node('MatMul', 'c', [a, g.floats('b', [depth, columns], weight)]);
  const session = await InferenceSession.create(g.finish('c', ['rows', columns]), { ...ONE_THREAD, executionProviders: ['wasm'] });
  return async () => {
    const { c } = await session.run({ a: new Tensor('float32', input, [rows, depth]) });
    return c.data as Float32Array;
  };
}
