import { WebspexError } from '../../core/errors.ts';
import type { DeviceInfo } from '../backend.ts';

export interface DeviceOptions {
  /** Default navigator.gpu; in Node, Dawn's. */
  readonly gpu?: GPU;
  /** Whether a software adapter will do; default true. */
  readonly allowSoftware?: boolean;
  readonly powerPreference?: GPUPowerPreference;
  /** What the device must have; default nothing beyond what every one has. */
  readonly features?: readonly GPUFeatureName[];
  /** Extensions of WGSL that the runtime must know. */
  readonly language?: readonly string[];
}

/** A device with default limits, watched for loss and for errors that no scope caught. */
export interface OpenDevice {
  /** Held, as Dawn's devices do not outlive the GPU they came from. */
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly info: DeviceInfo;
  /** Why nothing computed on this device may be used any more; null while all is well. */
  failure(): WebspexError | null;
  destroy(): void;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|microsoft basic render/i;

/**
 * Opens a WebGPU device. @throws insecure-context on a page that is not served securely, no-webgpu where the runtime has none,
 * no-adapter where there is no (wanted) adapter, device-lost where the adapter gives no device.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<OpenDevice> {
  const gpu = options.gpu ?? ownGpu();
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' });
  } catch (cause) {
    throw new WebspexError('no-adapter', `WebGPU: expected an adapter, got an error (${messageOf(cause)}); use device wasm`, {
      cause,
    });
  }
  if (!adapter)
    throw new WebspexError('no-adapter', 'WebGPU: expected an adapter, got none; update the graphics driver, or use device wasm');
  const info = describeAdapter(adapter);
  if (info.software && options.allowSoftware === false)
    throw new WebspexError('no-adapter', `WebGPU: expected a hardware adapter, got ${info.adapter}; allow software, or use device wasm`);
  const { features = [] } = options;
  const missing =
    features.find((feature) => !adapter.features.has(feature)) ??
    options.language?.find((extension) => !gpu.wgslLanguageFeatures.has(extension));
  if (missing !== undefined)
    throw new WebspexError(
      'no-adapter',
      `WebGPU: expected an adapter with ${missing}, got ${info.adapter} without; ${missing === 'shader-f16' ? 'use dtype fp32' : 'leave subgroups out'}`,
    );
  let device: GPUDevice;
  try {
    device = await (features.length > 0 ? adapter.requestDevice({ requiredFeatures: [...features] }) : adapter.requestDevice());
  } catch (cause) {
    throw new WebspexError('device-lost', `WebGPU: expected a device from ${info.adapter}, got an error (${messageOf(cause)}); try again`, {
      cause,
    });
  }
  return { gpu, ...watch(device, info) };
}

function ownGpu(): GPU {
  const scope = globalThis as { isSecureContext?: boolean; navigator?: { gpu?: GPU } };
  const gpu = scope.navigator?.gpu;
  if (gpu) return gpu;
  if (scope.isSecureContext === false)
    throw new WebspexError('insecure-context', 'WebGPU: expected a secure page, got one over http; serve it over https or from localhost');
  throw new WebspexError('no-webgpu', 'WebGPU: expected navigator.gpu, got none; use a browser that has it, or device wasm');
}

/** The adapter as the driver names it, and whether it is software. */
export function describeAdapter(adapter: GPUAdapter): DeviceInfo {
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed adapter';
  const fallback = adapter.info.isFallbackAdapter === true;
  return { backend: 'webgpu', adapter: name, software: fallback || SOFTWARE.test(`${vendor} ${architecture} ${device} ${description}`) };
}

function watch(device: GPUDevice, info: DeviceInfo): Omit<OpenDevice, 'gpu'> {
  let failure: WebspexError | null = null;
  device.lost.then(({ reason, message }) => {
    failure ??= new WebspexError(
      'device-lost',
      `WebGPU: expected ${info.adapter} to stay, got its loss (${reason}: ${message}); run again`,
    );
  });
  device.addEventListener('uncapturederror', (event) => {
    // Left alone, Dawn prints these to stdout; after one, no result of this device can be trusted.
    event.preventDefault();
    failure ??= deviceError(event.error, 'uncaptured error');
  });
  return {
    device,
    info,
    failure: () => failure,
    destroy() {
      failure ??= new WebspexError('device-lost', 'WebGPU: expected an open device, got a destroyed one; open it again');
      device.destroy();
    },
  };
}

/** A device's error as ours: out of memory where it says so, else a failed check of our own. */
export function deviceError(error: GPUError, doing: string): WebspexError {
  const memory = /OutOfMemory/.test(error.constructor.name);
  return memory
    ? new WebspexError(
        'out-of-memory',
        `WebGPU (${doing}): expected enough memory, got ${error.message}; close other pages, or use a smaller model`,
      )
    : new WebspexError('self-check', `WebGPU (${doing}): expected no error, got ${error.message}; please report it`);
}

/** Whatever a call on a device throws: nothing more can be had from it. */
export function deviceThrew(cause: unknown, doing: string): WebspexError {
  return new WebspexError('device-lost', `WebGPU (${doing}): expected no error, got ${messageOf(cause)}; run again`, { cause });
}

/** What `make` gives, and the first error that WebGPU has to report of it: refused calls and missing memory show nowhere else. */
export function scoped<T>(device: GPUDevice, make: () => T): { made: T; error: Promise<GPUError | null> } {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const pop = async () => {
    const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    return errors[0] ?? errors[1];
  };
  try {
    const made = make();
    const error = pop();
    // Whoever waits for it may be stopped by another error first.
    error.catch(() => {});
    return { made, error };
  } catch (thrown) {
    pop().catch(() => {});
    throw thrown;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
