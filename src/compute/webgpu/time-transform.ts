import type { DeviceInfo } from '../backend.ts';
import { transformProgram } from '../transform.ts';
import { type DeviceOptions, type OpenDevice, openDevice, submitScoped } from './device.ts';
import { createExecutable } from './executable.ts';
import { type Prepared, prepareProgram } from './prepare.ts';

/** Transforms of numbers that are on a device already, and copies of them. */
export interface TransformTimes {
  readonly device: DeviceInfo;
  /** Times that all numbers are read and written. */
  readonly passes: number;
  /** Milliseconds of all transforms, and of one copy of all numbers from buffer to buffer: the quickest of a few samples. */
  readonly ms: number;
  readonly copyMs: number;
  readonly transformed: Float32Array;
}

const SAMPLES = 5;
/** A sample lasts this long at least, as clocks and completion reports are good to about a millisecond. */
const SAMPLE_MS = 50;
const MOST_TIMES = 4096;

/**
 * Opens a device and times the transforms of rows of `size` numbers, a power of two of at least 8, without their way there and back.
 * @throws as opening a device does, self-check, device-lost, out-of-memory.
 */
export async function timeTransform(options: DeviceOptions, rows: Float32Array, size: number): Promise<TransformTimes> {
  const opened = await openDevice(options);
  try {
    const program = transformProgram(Math.log2(size), rows.length / size);
    // With barriers or without; there is nothing else to choose.
    const tiling = opened.info.software ? 'direct' : '64x64';
    const prepared = await prepareProgram(opened, program, new Map(), { tiling, dtype: 'f32', subgroups: false });
    const transformed = await createExecutable(opened, program, prepared).run({ input: rows }, program.capacity);
    const dispatches = prepared.dispatches.filter(({ step }) => step.kernel === 'fwht');
    const ms = await quickest(opened, (encoder, times) => {
      const pass = encoder.beginComputePass();
      for (let i = 0; i < times; i++)
        for (const { pipeline, group, groups } of dispatches) {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(...groups(program.capacity.tokens));
        }
      pass.end();
    });
    const copyMs = await quickest(opened, (encoder, times) => {
      for (let i = 0; i < times; i++)
        encoder.copyBufferToBuffer(bufferOf(prepared, 'input'), 0, bufferOf(prepared, 'even'), 0, rows.byteLength);
    });
    return { device: opened.info, passes: dispatches.length, ms, copyMs, transformed };
  } finally {
    opened.destroy();
  }
}

function bufferOf({ buffers }: Prepared, name: string): GPUBuffer {
  return buffers.get(name) as GPUBuffer;
}

/** Milliseconds of one of the times that `record` records, in the quickest sample. */
async function quickest(opened: OpenDevice, record: (encoder: GPUCommandEncoder, times: number) => void): Promise<number> {
  const sample = async (times: number) => {
    const start = performance.now();
    await submitScoped(opened.device, 'timing transforms', (encoder) => record(encoder, times));
    await opened.device.queue.onSubmittedWorkDone();
    const failure = opened.failure();
    if (failure) throw failure;
    return performance.now() - start;
  };
  let times = 1;
  // The first one warms up.
  await sample(1);
  while (times < MOST_TIMES && (await sample(times)) < SAMPLE_MS) times *= 2;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) best = Math.min(best, (await sample(times)) / times);
  return best;
}
