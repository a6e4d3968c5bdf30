import { softwareGpu } from '../support/gpu.ts';

/** One call on a WebGPU object, before it is made. */
export interface Call {
  /** Counted from 0 over all objects of one GPU. */
  readonly index: number;
  readonly name: string;
  readonly args: readonly unknown[];
  /** The device, once there is one. */
  readonly device: GPUDevice | null;
  /** Makes the call, with other arguments where some are given. */
  go(...args: readonly unknown[]): unknown;
}

/** Methods watched, by the kind of object; objects they return are watched too. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  gpu: ['requestAdapter'],
  adapter: ['requestDevice'],
  device: [
    'createBuffer',
    'createBindGroupLayout',
    'createShaderModule',
    'createPipelineLayout',
    'createBindGroup',
    'createComputePipelineAsync',
    'createCommandEncoder',
    'pushErrorScope',
    'popErrorScope',
  ],
  queue: ['writeBuffer', 'submit'],
  buffer: ['mapAsync', 'getMappedRange', 'unmap', 'destroy'],
  encoder: ['beginComputePass', 'copyBufferToBuffer', 'finish'],
  pass: ['setPipeline', 'setBindGroup', 'dispatchWorkgroups', 'end'],
};
const RETURNS: Readonly<Record<string, string>> = {
  requestAdapter: 'adapter',
  requestDevice: 'device',
  createBuffer: 'buffer',
  createCommandEncoder: 'encoder',
  beginComputePass: 'pass',
};

/** The software adapter with every call that matters shown to `onCall`, whose answer becomes the call's. */
export function watchedGpu(onCall: (call: Call) => unknown, gpu = softwareGpu()): GPU {
  let index = 0;
  let device: GPUDevice | null = null;
  const watch = <T extends object>(object: T, kind: string): T => {
    for (const name of METHODS[kind]) {
      const original = Reflect.get(object, name) as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]) => {
        const go = (...others: unknown[]) => original.apply(object, others.length > 0 ? others : args);
        const answer = onCall({ index: index++, name, args, device, go });
        const returned = RETURNS[name];
        if (!returned || answer === null || answer === undefined) return answer;
        const keep = (made: object) => {
          if (!made) return made;
          if (returned === 'device') {
            device = made as GPUDevice;
            watch(device.queue, 'queue');
          }
          return watch(made, returned);
        };
        return answer instanceof Promise ? answer.then(keep) : keep(answer as object);
      };
      Object.defineProperty(object, name, { value: watched, configurable: true });
    }
    return object;
  };
  return watch(gpu, 'gpu');
}
