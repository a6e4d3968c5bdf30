import { WebspexError } from '../../core/errors.ts';
import type { Backend, BackendLimits, DeviceInfo } from '../backend.ts';
import { checkProgram } from '../program.ts';
import { type DeviceOptions, type OpenDevice, openDevice } from './device.ts';
import { createExecutable } from './executable.ts';
import { prepareProgram } from './prepare.ts';
import type { Tiling } from './shaders.ts';
import { chooseTiling, type TileMemory } from './tiles.ts';

export interface WebgpuOptions extends DeviceOptions {
  /** Default: without barriers on software, the winner of a race on hardware. */
  readonly tiling?: Tiling;
  /** Where the winner is remembered; default a page's Cache Storage, and in Node nowhere. */
  readonly tileMemory?: TileMemory;
}

/** The default maxStorageBufferBindingSize; no device is asked for more. */
const BINDING_BYTES = 128 * 1024 * 1024;

const SOFTWARE_LIMITS: BackendLimits = { bufferBytes: BINDING_BYTES, firstTokens: 256, leastTokens: 64, mostTokens: 512, targetMs: 250 };
const HARDWARE_LIMITS: BackendLimits = { bufferBytes: BINDING_BYTES, firstTokens: 1024, leastTokens: 256, mostTokens: 8192, targetMs: 50 };

/** A WebGPU device that runs programs in WGSL. @throws insecure-context, no-webgpu, no-adapter, device-lost. */
export async function createWebgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  let opened: OpenDevice = await openDevice(options);
  const tiling = options.tiling ?? (await tilingOf(opened, options.tileMemory));
  const info: DeviceInfo = { ...opened.info, tiling };
  let closed = false;
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

async function tilingOf(opened: OpenDevice, memory?: TileMemory): Promise<Tiling> {
  try {
    return (await chooseTiling(opened, memory)).tiling;
  } catch (error) {
    opened.destroy();
    throw error;
  }
}
