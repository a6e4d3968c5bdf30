import { WebspexError } from '../../core/errors.ts';
import { bufferWords, type Program, type Weights } from '../program.ts';
import { deviceError, deviceThrew, messageOf, type OpenDevice, scoped } from './device.ts';
import { type Dtype, halfBuffers, weightBytes } from './storage.ts';

/** How a program's buffers are used: storage, copied from and to. */
export const STORED = 0x80 | 0x4 | 0x8;

/** Weights in buffers of a device, for any number of programs. */
export interface WeightBuffers {
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  /** Those that lie in half precision. */
  readonly half: ReadonlySet<string>;
  free(): void;
}

/** Allocates and fills the weight buffers of a program. @throws out-of-memory, device-lost, self-check, unsupported-model. */
export async function uploadWeights(opened: OpenDevice, program: Program, weights: Weights, dtype: Dtype): Promise<WeightBuffers> {
  const { device } = opened;
  const buffers = new Map<string, GPUBuffer>();
  const half = halfBuffers(program, dtype);
  const destroy = () => {
    for (const buffer of buffers.values()) buffer.destroy();
  };
  const fill = () => {
    for (const spec of program.buffers) {
      const weight = weights.get(spec.name);
      if (!weight) continue;
      const size = Math.max(16, (half.has(spec.name) ? 2 : 4) * bufferWords(spec, program.capacity));
      const contents = weightBytes(spec, weight, half);
      const buffer = createBuffer(device, { label: spec.name, size, usage: STORED, mappedAtCreation: true });
      buffers.set(spec.name, buffer);
      new Uint8Array(buffer.getMappedRange()).set(contents);
      buffer.unmap();
    }
  };
  try {
    const { error } = scoped(device, fill);
    const refusal = await error;
    if (refusal) throw deviceError(refusal, 'uploading weights');
    const failure = opened.failure();
    if (failure) throw failure;
    const free = () => {
      destroy();
      // Memory of destroyed buffers is given back at the next submission only.
      if (!opened.failure()) device.queue.submit([]);
    };
    return { buffers, half, free };
  } catch (error) {
    destroy();
    throw opened.failure() ?? (error instanceof WebspexError ? error : deviceThrew(error, 'uploading weights'));
  }
}

/** A buffer that is created mapped throws where its memory cannot be had; others report it to their scope. */
export function createBuffer(device: GPUDevice, descriptor: GPUBufferDescriptor): GPUBuffer {
  try {
    return device.createBuffer(descriptor);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new WebspexError(
      'out-of-memory',
      `WebGPU (preparing buffers): expected ${descriptor.size} bytes for ${descriptor.label}, got none (${messageOf(cause)}); use a smaller model`,
      { cause },
    );
  }
}
