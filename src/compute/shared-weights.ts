import { WebspexError } from '../core/errors.ts';
import type { Backend, DeviceWeights, Executable } from './backend.ts';
import { type BufferSpec, checkProgram, type Program, type Weights } from './program.ts';

/** Weights on a device as its backend makes them. */
export interface Uploaded {
  prepare(program: Program): Promise<Executable>;
  /** Called once, when neither their owner nor a program has them any more. */
  free(): void;
}

/** What of the weights is known once they are on the device, and who has them. */
interface Held {
  readonly uploaded: Uploaded;
  readonly specs: ReadonlyMap<string, { readonly length: number; readonly type: BufferSpec['type'] }>;
  /** @throws device-lost where they are freed. */
  take(): void;
  leave(): void;
}

/** A backend's `upload` and `prepare`: each program counts as one that has the weights, and so does whoever had them laid down. */
export function sharedWeights(lay: (program: Program, weights: Weights) => Promise<Uploaded>): Pick<Backend, 'upload' | 'prepare'> {
  const known = new WeakMap<DeviceWeights, Held>();

  const upload = async (program: Program, weights: Weights): Promise<DeviceWeights> => {
    checkProgram(program, weights);
    const specs = new Map<string, { length: number; type: BufferSpec['type'] }>();
    for (const { name, type } of program.buffers) {
      const length = weights.get(name)?.length;
      if (length !== undefined) specs.set(name, { length, type });
    }
    const uploaded = await lay(program, weights);
    let users = 1;
    const leave = () => {
      if (--users === 0) uploaded.free();
    };
    const handle = { destroy: once(leave) };
    const take = () => {
      if (users === 0) throw new WebspexError('device-lost', 'prepare: expected weights on the device, got freed ones; upload them again');
      users++;
    };
    known.set(handle, { uploaded, specs, take, leave });
    return handle;
  };

  const prepareWith = async (program: Program, { uploaded, specs, take, leave }: Held): Promise<Executable> => {
    checkProgram(program, specs);
    for (const { name, kind, type } of program.buffers)
      if (kind === 'weight' && specs.get(name)?.type !== type)
        throw new WebspexError('self-check', `program: expected weight ${name} as it was uploaded, got ${type}; please report it`);
    take();
    try {
      const executable = await uploaded.prepare(program);
      const destroy = once(() => {
        executable.destroy();
        leave();
      });
      return { ...executable, destroy };
    } catch (error) {
      leave();
      throw error;
    }
  };

  return {
    upload,
    async prepare(program, weights) {
      if (weights instanceof Map) {
        const own = await upload(program, weights);
        try {
          return await prepareWith(program, known.get(own) as Held);
        } finally {
          own.destroy();
        }
      }
      const held = known.get(weights as DeviceWeights);
      if (!held) throw new WebspexError('self-check', 'prepare: expected weights of this backend, got others; please report it');
      return prepareWith(program, held);
    },
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
