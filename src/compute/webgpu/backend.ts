import { WebspexError } from '../../core/errors.ts';
import type { Backend, BackendLimits, DeviceInfo } from '../backend.ts';
import { sharedWeights } from '../shared-weights.ts';
import { type DeviceOptions, type OpenDevice, openDevice } from './device.ts';
import { createExecutable } from './executable.ts';
import { prepareWith } from './prepare.ts';
import type { Tiling } from './shaders.ts';
import type { Dtype } from './storage.ts';
import { chooseTiling, type TileMemory } from './tiles.ts';
import { uploadWeights } from './weights.ts';

export interface WebgpuOptions extends DeviceOptions {
  /** Default: without barriers on software, the winner of a race on hardware. */
  readonly tiling?: Tiling;
  /** How weights and most activations lie in memory; sums, norms and residuals are f32. Default f32; f16 needs `shader-f16`. */
  readonly dtype?: Dtype;
  /** Add up rows through subgroups; default false. Needs `subgroups`, and WGSL's `subgroup_id`. */
  readonly subgroups?: boolean;
  /** Where the winner is remembered; default a page's Cache Storage, and in Node nowhere. */
  readonly tileMemory?: TileMemory;
}

/** The default maxStorageBufferBindingSize; no device is asked for more. */
const BINDING_BYTES = 128 * 1024 * 1024;

const SOFTWARE_LIMITS: BackendLimits = { bufferBytes: BINDING_BYTES, firstTokens: 256, leastTokens: 64, mostTokens: 512, targetMs: 250 };
const HARDWARE_LIMITS: BackendLimits = { bufferBytes: BINDING_BYTES, firstTokens: 1024, leastTokens: 256, mostTokens: 8192, targetMs: 50 };

/** A WebGPU device that runs programs in WGSL. @throws insecure-context, no-webgpu, no-adapter, device-lost. */
export async function createWebgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  const { dtype = 'f32', subgroups = false } = options;
  const wanted = { ...options, ...needsOf(dtype, subgroups) };
  let opened: OpenDevice = await openDevice(wanted);
  const tiling = options.tiling ?? (await tilingOf(opened, dtype, options.tileMemory));
  const info: DeviceInfo = { ...opened.info, tiling };
  let closed = false;
  return {
    info,
    dtype,
    limits: info.software ? SOFTWARE_LIMITS : HARDWARE_LIMITS,
    ...sharedWeights(async (first, weights) => {
      const on = opened;
      const held = await uploadWeights(on, first, weights, dtype);
      return {
        prepare: async (program) => createExecutable(on, program, await prepareWith(on, program, held, { tiling, dtype, subgroups })),
        free: held.free,
      };
    }),
    async reopen() {
      opened.destroy();
      if (closed) throw new WebspexError('device-lost', 'WebGPU: expected an open backend, got a destroyed one; create another');
      opened = await openDevice(wanted);
    },
    destroy() {
      closed = true;
      opened.destroy();
    },
  };
}

function needsOf(dtype: Dtype, subgroups: boolean): Pick<DeviceOptions, 'features' | 'language'> {
  const features: GPUFeatureName[] = [];
  if (dtype === 'f16') features.push('shader-f16');
  if (subgroups) features.push('subgroups');
  return { features, language: subgroups ? ['subgroup_id'] : [] };
}

async function tilingOf(opened: OpenDevice, dtype: Dtype, memory?: TileMemory): Promise<Tiling> {
  try {
    return (await chooseTiling(opened, memory, { dtype })).tiling;
  } catch (error) {
    opened.destroy();
    throw error;
  }
}
