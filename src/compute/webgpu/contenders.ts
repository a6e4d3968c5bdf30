import { WebspexError } from '../../core/errors.ts';
import { createRandom } from '../../core/random.ts';
import { panelIndex } from '../panels.ts';
import { type Program, ROW_KINDS, type Step } from '../program.ts';
import { deviceThrew, messageOf, type OpenDevice, submitScoped } from './device.ts';
import { type Dispatch, type Prepared, prepareProgram, UNIFORM_STRIDE } from './prepare.ts';
import type { Contender } from './race.ts';
import type { Tiling } from './shaders.ts';
import type { Dtype } from './storage.ts';

/** Sizes of the product that is timed, and of its corner that is checked. */
export interface ProductSize {
  readonly rows: number;
  readonly K: number;
  readonly columns: number;
}

/** Enough workgroups of the largest tile to fill a large GPU, at widths of a small model; 2.4 GFLOP. */
export const RACE_SIZE: ProductSize = { rows: 2048, K: 384, columns: 1536 };
/** Neither is a multiple of a tile. */
const CHECKED = { rows: 133, columns: 72 };
/** Sums of some hundred products of numbers near 1 and near 1/√K, in float32 (6e-8 each), against float64. */
const TOLERANCE = 1e-4;
const MAP_READ = 0x1;

interface Task {
  readonly size: ProductSize;
  readonly checked: { readonly rows: number; readonly columns: number };
  readonly program: Program;
  readonly input: Float32Array;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly want: Float64Array;
}

/** Contenders by tiling, and what frees their buffers. One that does not compile says so when it is checked. @throws device-lost, out-of-memory. */
export async function tilingContenders(opened: OpenDevice, tilings: readonly Tiling[], size: ProductSize, dtype: Dtype) {
  const task = taskOf(size);
  const prepared = await Promise.all(
    tilings.map((tiling) =>
      prepareProgram(opened, task.program, task.weights, { tiling, dtype, subgroups: false }).catch((error: unknown) => asFailure(error)),
    ),
  );
  const contenders = tilings.map((tiling, i) => contenderOf(opened, tiling, prepared[i], task));
  return {
    contenders,
    destroy() {
      for (const p of prepared) if ('all' in p) for (const buffer of p.all) buffer.destroy();
    },
  };
}

interface Failure {
  readonly failure: string;
}

function asFailure(error: unknown): Failure {
  if (error instanceof WebspexError && error.code !== 'self-check') throw error;
  return { failure: messageOf(error) };
}

function contenderOf(opened: OpenDevice, name: Tiling, prepared: Prepared | Failure, task: Task): Contender<Tiling> {
  if ('failure' in prepared) return { name, check: async () => prepared.failure, run: async () => {} };
  const { device } = opened;
  const [check, timed] = prepared.dispatches;
  const submit = (record: (encoder: GPUCommandEncoder) => void) => submitScoped(device, `trying tiles ${name}`, record);
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const done = await work();
      const failure = opened.failure();
      if (failure) throw failure;
      return done;
    } catch (error) {
      throw opened.failure() ?? (error instanceof WebspexError ? error : deviceThrew(error, `trying tiles ${name}`));
    }
  };
  const bytes = 4 * task.checked.rows * task.checked.columns;
  return {
    name,
    check: () =>
      guarded(async () => {
        upload(device, prepared, task);
        const readback = prepared.readbacks[0];
        await submit((encoder) => {
          dispatch(encoder, check, task.checked.rows, 1);
          encoder.copyBufferToBuffer(prepared.buffers.get('corner') as GPUBuffer, 0, readback, 0, bytes);
        });
        await readback.mapAsync(MAP_READ, 0, bytes);
        const off = farthest(new Float32Array(readback.getMappedRange(0, bytes)), task.want);
        readback.unmap();
        return off <= TOLERANCE ? null : `wrong by ${off.toPrecision(2)}`;
      }),
    run: (times) =>
      guarded(async () => {
        await submit((encoder) => dispatch(encoder, timed, task.size.rows, times));
        await device.queue.onSubmittedWorkDone();
      }),
  };
}

function upload(device: GPUDevice, prepared: Prepared, { size, checked, input }: Task): void {
  const words = new Uint32Array((UNIFORM_STRIDE / 4) * ROW_KINDS.length);
  words[(UNIFORM_STRIDE / 4) * ROW_KINDS.indexOf('tokens')] = size.rows;
  words[(UNIFORM_STRIDE / 4) * ROW_KINDS.indexOf('sequences')] = checked.rows;
  device.queue.writeBuffer(prepared.runs, 0, words);
  device.queue.writeBuffer(prepared.buffers.get('input') as GPUBuffer, 0, input as Float32Array<ArrayBuffer>);
}

function dispatch(encoder: GPUCommandEncoder, { pipeline, group, groups }: Dispatch, rows: number, times: number): void {
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...groups(rows));
  pass.end();
}

/** The largest difference; NaN where a number is not one. */
function farthest(got: Float32Array, want: Float64Array): number {
  let most = 0;
  for (let i = 0; i < want.length; i++) most = Math.max(most, Math.abs(got[i] - want[i]));
  return most;
}

/** Two steps of one pipeline: a corner of the product into `corner`, which is read back; all of it into `product`. */
function taskOf(size: ProductSize): Task {
  const { rows, K, columns } = size;
  const checked = { rows: Math.min(CHECKED.rows, rows), columns: Math.min(CHECKED.columns, columns) };
  const weightColumn = columns - checked.columns;
  const product = (output: string, used: number, from: number, kind: Step['rows']): Step => ({
    kernel: 'matmul',
    rows: kind,
    bindings: { input: 'input', weight: 'weight', bias: 'bias', output },
    constants: { K, ACTIVATION: 0, RESIDUAL: 0 },
    params: { columns: used, weightColumn: from, outputStride: used, outputColumn: 0 },
  });
  const random = createRandom(1);
  const input = Float32Array.from({ length: rows * K }, () => 2 * random.uniform() - 1);
  const bias = Float32Array.from({ length: columns }, () => 2 * random.uniform() - 1);
  // Multiples of 2⁻¹⁴ up to 1/16: the same numbers in float16.
  const weight = Float32Array.from({ length: K * columns }, () => (random.below(2048) - 1024) / 16384);
  const want = new Float64Array(checked.rows * checked.columns);
  for (let r = 0; r < checked.rows; r++)
    for (let c = 0; c < checked.columns; c++) {
      let sum = bias[weightColumn + c];
      for (let k = 0; k < K; k++) sum += input[r * K + k] * weight[panelIndex(K, k, weightColumn + c)];
      want[r * checked.columns + c] = sum;
    }
  const program: Program = {
    buffers: [
      { name: 'input', kind: 'input', type: 'f32', rows: 'tokens', columns: K },
      { name: 'weight', kind: 'weight', type: 'f32', rows: K, columns },
      { name: 'bias', kind: 'weight', type: 'f32', rows: 1, columns },
      { name: 'product', kind: 'scratch', type: 'f32', rows: 'tokens', columns },
      { name: 'corner', kind: 'output', type: 'f32', rows: 'sequences', columns: checked.columns },
    ],
    steps: [product('corner', checked.columns, weightColumn, 'sequences'), product('product', columns, 0, 'tokens')],
    capacity: { tokens: rows, tableRows: 0, sequences: checked.rows },
  };
  return {
    size,
    checked,
    program,
    input,
    weights: new Map([
      ['weight', weight],
      ['bias', bias],
    ]),
    want,
  };
}
