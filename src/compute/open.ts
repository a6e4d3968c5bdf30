import { type ErrorCode, WebspexError } from '../core/errors.ts';
import type { Backend } from './backend.ts';
import { createReferenceBackend } from './reference/backend.ts';
import { createWasmBackend } from './wasm/backend.ts';
import { createWebgpuBackend, type WebgpuOptions } from './webgpu/backend.ts';
import type { Dtype } from './webgpu/storage.ts';
import type { TileMemory } from './webgpu/tiles.ts';

/** The devices that can be asked for by name; `auto` takes the fastest there is. */
export const DEVICES = ['auto', 'webgpu', 'wasm', 'reference'] as const;
export type DeviceChoice = (typeof DEVICES)[number];

export type { TileMemory } from './webgpu/tiles.ts';

export interface OpenOptions {
  /** A GPU other than navigator.gpu, such as Dawn's in Node. */
  readonly gpu?: GPU;
  /** The page's own GPU device, so that it has one; it stays open. */
  readonly gpuDevice?: GPUDevice;
  /** Where the fastest tiles of an adapter are remembered; default a page's Cache Storage, and in Node nowhere. */
  readonly tileMemory?: TileMemory;
  /** How a GPU keeps weights and most activations; default f32. The CPU has f32 alone. */
  readonly dtype?: Dtype;
  /** Add up rows through subgroups on a GPU, which must have them; default false. */
  readonly subgroups?: boolean;
  /** Workers of `wasm`; default one for each processor, at most four. */
  readonly threads?: number;
}

const NO_GPU: readonly ErrorCode[] = ['no-webgpu', 'no-adapter', 'insecure-context'];

/**
 * The backend a user asked for. `auto`: a real GPU, else the CPU in WebAssembly; a software adapter, and after it float64 on the CPU, only
 * where the page may not run WebAssembly. Which one it became is in its info.
 * @throws usage, insecure-context, no-webgpu, no-adapter, no-wasm, device-lost.
 */
export async function openBackend(device: DeviceChoice, options: OpenOptions = {}): Promise<Backend> {
  const { threads, gpuDevice } = options;
  if (gpuDevice && (device === 'wasm' || device === 'reference'))
    throw new WebspexError('usage', `gpuDevice: expected device webgpu or auto beside it, got ${device}; name one, or leave gpuDevice out`);
  const onGpu = { gpu: options.gpu, device: gpuDevice, tileMemory: options.tileMemory, dtype: options.dtype, subgroups: options.subgroups };
  if (options.dtype === 'f16' && device !== 'webgpu') return openHalf(device, onGpu);
  switch (device) {
    case 'reference':
      return createReferenceBackend();
    case 'webgpu':
      return createWebgpuBackend(onGpu);
    case 'wasm':
      return createWasmBackend({ threads });
    case 'auto':
      return firstOf(
        [
          [NO_GPU, () => createWebgpuBackend({ ...onGpu, allowSoftware: false })],
          [['no-wasm'], () => createWasmBackend({ threads })],
          [NO_GPU, () => createWebgpuBackend(onGpu)],
        ],
        createReferenceBackend,
      );
    default:
      throw new WebspexError('usage', `device: expected one of ${DEVICES.join(', ')}, got ${String(device)}; name one of them`);
  }
}

/** Half precision is a GPU's: nothing else is taken in its place. */
async function openHalf(device: DeviceChoice, options: WebgpuOptions): Promise<Backend> {
  if (device === 'auto') return createWebgpuBackend({ ...options, allowSoftware: false });
  throw new WebspexError('usage', `dtype: expected fp32 on device ${device}, got fp16; use device webgpu, or dtype fp32`);
}

type Attempt = readonly [goesOnAfter: readonly ErrorCode[], open: () => Promise<Backend>];

/** The first backend that opens; an error that an attempt does not go on after is thrown. */
async function firstOf(attempts: readonly Attempt[], last: () => Backend): Promise<Backend> {
  for (const [codes, open] of attempts)
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof WebspexError && codes.includes(error.code))) throw error;
    }
  return last();
}
