import { WebspexError } from '../../core/errors.ts';
import type { Backend, BackendLimits } from '../backend.ts';
import { checkProgram } from '../program.ts';
import { type DeviceOptions, type OpenDevice, openDevice } from './device.ts';
import { createExecutable } from './executable.ts';
import { prepareProgram } from './prepare.ts';
import type { Tiling } from './shaders.ts';

export interface WebgpuOptions extends DeviceOptions {
  /** Default by adapter: direct on software, tiled on hardware. */
  readonly tiling?: Tiling;
}

/** The default maxStorageBufferBindingSize; no device is asked for more. */
const BINDING_BYTES = 128 * 1024 * 1024;

const SOFTWARE_LIMITS: BackendLimits = { bufferBytes: BINDING_BYTES, firstTokens: 256, mostTokens: 512, targetMs: 250 };
const HARDWARE_LIMITS: BackendLimits = { bufferBytes: BINDING_BYTES, firstTokens: 1024, mostTokens: 8192, targetMs: 50 };

/** A WebGPU device that runs programs in WGSL. @throws insecure-context, no-webgpu, no-adapter, device-lost. */
export async function createWebgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  let opened: OpenDevice = await openDevice(options);
  const { info } = opened;
  let closed = false;
  const tiling = options.tiling ?? (info.software ? 'direct' : '64x64');
  return {
    info,
    limits: info.software ? SOFTWARE_LIMITS : HARDWARE_LIMITS,
    async prepare(program, weights) {
      checkProgram(program, weights);
      const on = opened;
      const prepared = await prepareProgram(on, program, weights, tiling);
      return createExecutable(on, program, prepared);
    },
    async reopen() {
      opened.destroy();
      if (closed) throw new WebspexError('device-lost', 'WebGPU: expected an open backend, got a destroyed one; create another');
      opened = await openDevice(options);
    },
    destroy() {
      closed = true;
      opened.destroy();
    },
  };
}
