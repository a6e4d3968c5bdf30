import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import type { Executable, RunOptions } from '../backend.ts';
import { bufferLength, checkRun, type Inputs, type Program, ROW_KINDS, type RowCounts, rowsOf } from '../program.ts';
import { outputLabels, readStamped } from '../stamp.ts';
import { deviceError, deviceThrew, type OpenDevice, scoped } from './device.ts';
import { type Prepared, UNIFORM_STRIDE } from './prepare.ts';

const READ_MODE = 0x1;
const LARGEST_DISPATCH = 65_535;

interface Readback {
  readonly buffer: GPUBuffer;
  /** Settles when the run that uses the buffer is done with it. */
  free: Promise<unknown>;
}

/** Runs a prepared program: one submission each, nothing created on the way. */
export function createExecutable(opened: OpenDevice, program: Program, prepared: Prepared): Executable {
  const { device } = opened;
  const output = program.buffers.find((b) => b.kind === 'output');
  const labels = outputLabels(program);
  const readbacks: Readback[] = prepared.readbacks.map((buffer) => ({ buffer, free: Promise.resolve() }));
  let serial = 0;
  let closed = false;

  const check = () => {
    const failure = opened.failure();
    if (failure) throw failure;
    if (closed) throw new WebspexError('device-lost', 'run: expected a live executable, got a destroyed one; prepare it again');
  };

  const submit = (inputs: Inputs, counts: RowCounts, stamp: number, readback: GPUBuffer) => {
    const words = new Uint32Array((UNIFORM_STRIDE / 4) * ROW_KINDS.length);
    ROW_KINDS.forEach((kind, i) => {
      words.set([rowsOf(counts, kind), stamp], (UNIFORM_STRIDE / 4) * i);
    });
    device.queue.writeBuffer(prepared.runs, 0, words);
    for (const spec of program.buffers) {
      const buffer = prepared.buffers.get(spec.name);
      if (spec.kind === 'input' && buffer)
        device.queue.writeBuffer(buffer, 0, inputs[spec.name] as Float32Array<ArrayBuffer>, 0, bufferLength(spec, counts));
    }
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { step, pipeline, group, groups } of prepared.dispatches) {
      const [x, y] = groups(rowsOf(counts, step.rows));
      if (x === 0 || y === 0) continue;
      if (x > LARGEST_DISPATCH || y > LARGEST_DISPATCH)
        throw new WebspexError(
          'self-check',
          `run: expected at most ${LARGEST_DISPATCH} workgroups, got ${x} by ${y} for ${step.kernel}; please report it`,
        );
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y);
    }
    pass.end();
    const bytes = output ? 4 * bufferLength(output, counts) : 0;
    encoder.copyBufferToBuffer(prepared.buffers.get(output?.name ?? '') as GPUBuffer, 0, readback, 0, bytes);
    device.queue.submit([encoder.finish()]);
    return bytes;
  };

  const read = async (
    readback: GPUBuffer,
    refused: Promise<GPUError | null>,
    bytes: number,
    rows: number,
    stamp: number,
    nameRow: RunOptions['nameRow'],
  ) => {
    const [error] = await Promise.all([refused, readback.mapAsync(READ_MODE, 0, bytes)]);
    try {
      check();
      if (error) throw deviceError(error, 'run');
      const range = readback.getMappedRange(0, bytes);
      const numbers = new Float32Array(range);
      const words = new Uint32Array(range);
      return readStamped(
        rows,
        labels,
        stamp,
        (i) => numbers[i],
        (i) => words[i],
        nameRow,
      );
    } finally {
      readback.unmap();
    }
  };

  return {
    async run(inputs, counts, { signal, nameRow } = {}) {
      throwIfAborted(signal);
      checkRun(program, inputs, counts);
      const stamp = ++serial;
      const readback = readbacks[stamp % readbacks.length];
      const before = readback.free;
      let release = () => {};
      readback.free = new Promise<void>((resolve) => {
        release = resolve;
      });
      try {
        await before;
        throwIfAborted(signal);
        check();
        // In a scope of its own: a refused write or dispatch could leave the stamp right and the numbers wrong.
        const { made: bytes, error } = scoped(device, () => submit(inputs, counts, stamp, readback.buffer));
        return await read(readback.buffer, error, bytes, counts.sequences, stamp, nameRow);
      } catch (error) {
        throw error instanceof WebspexError ? error : (opened.failure() ?? deviceThrew(error, 'run'));
      } finally {
        release();
      }
    },
    destroy() {
      if (closed) return;
      closed = true;
      for (const buffer of prepared.all) buffer.destroy();
      // Memory of destroyed buffers is given back at the next submission only.
      if (!opened.failure()) device.queue.submit([]);
    },
  };
}
