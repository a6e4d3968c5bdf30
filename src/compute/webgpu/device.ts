import { WebspexError } from '../../core/errors.ts';
import type { DeviceInfo } from '../backend.ts';

export interface DeviceOptions {
  /** Default navigator.gpu; in Node, Dawn's. */
  readonly gpu?: GPU;
  /** A device that the page has and others use too: taken instead of another one, and never destroyed here. */
  readonly device?: GPUDevice;
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
  /** Held, as Dawn's devices do not outlive the GPU they came from; null where the device is shared, and its owner's to hold. */
  readonly gpu: GPU | null;
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
  if (options.device) return shareDevice(options.device, options);
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
  checkFits(info, adapter.features, gpu, options);
  const { features = [] } = options;
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

/** @throws no-adapter where an adapter, or a device of it, lacks what is wanted. */
function checkFits(
  info: DeviceInfo,
  has: GPUSupportedFeatures,
  gpu: GPU | null,
  { features, language, allowSoftware }: DeviceOptions,
): void {
  if (info.software && allowSoftware === false)
    throw new WebspexError('no-adapter', `WebGPU: expected a hardware adapter, got ${info.adapter}; allow software, or use device wasm`);
  const missing =
    features?.find((feature) => !has.has(feature)) ?? language?.find((extension) => !gpu?.wgslLanguageFeatures.has(extension));
  if (missing !== undefined)
    throw new WebspexError(
      'no-adapter',
      `WebGPU: expected an adapter with ${missing}, got ${info.adapter} without; ${missing === 'shader-f16' ? 'use dtype fp32' : 'leave subgroups out'}`,
    );
}

/** A device that others use too. @throws as `openDevice`; device-lost where it is lost already. */
async function shareDevice(device: GPUDevice, options: DeviceOptions): Promise<OpenDevice> {
  const info = describe(device.adapterInfo);
  checkFits(info, device.features, options.gpu ?? globalThis.navigator?.gpu ?? null, options);
  const watched = watch(device, info, true);
  // A loss that has happened is told at once.
  await new Promise((resolve) => setTimeout(resolve));
  const failure = watched.failure();
  if (failure) throw failure;
  return { gpu: null, ...watched };
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
  return describe(adapter.info);
}

/** All that a user may want to know of an adapter before there is a device. */
export interface AdapterFacts {
  readonly adapter: DeviceInfo;
  /** By name, sorted. */
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

export function adapterFacts(adapter: GPUAdapter): AdapterFacts {
  const limits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value: unknown = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  return { adapter: describeAdapter(adapter), features: [...adapter.features].sort(), limits };
}

function describe({ vendor, architecture, device, description, isFallbackAdapter }: GPUAdapterInfo): DeviceInfo {
  const name = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed adapter';
  const fallback = isFallbackAdapter === true;
  return { backend: 'webgpu', adapter: name, software: fallback || SOFTWARE.test(`${vendor} ${architecture} ${device} ${description}`) };
}

function watch(device: GPUDevice, info: DeviceInfo, shared = false): Omit<OpenDevice, 'gpu'> {
  let failure: WebspexError | null = null;
  device.lost.then(({ reason, message }) => {
    failure ??= new WebspexError(
      'device-lost',
      `WebGPU: expected ${info.adapter} to stay, got its loss (${reason}: ${message}); run again`,
    );
  });
  const onError = (event: GPUUncapturedErrorEvent) => {
    // Left alone, Dawn prints these to stdout; after one, no result of this device can be trusted.
    if (!shared) event.preventDefault();
    failure ??= deviceError(event.error, 'uncaptured error');
  };
  device.addEventListener('uncapturederror', onError);
  return {
    device,
    info,
    failure: () => failure,
    destroy() {
      failure ??= new WebspexError('device-lost', 'WebGPU: expected an open device, got a destroyed one; open it again');
      device.removeEventListener('uncapturederror', onError);
      if (!shared) device.destroy();
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

/** Submits what is recorded. @throws out-of-memory, self-check where WebGPU refuses it. */
export async function submitScoped(device: GPUDevice, doing: string, record: (encoder: GPUCommandEncoder) => void): Promise<void> {
  const { error } = scoped(device, () => {
    const encoder = device.createCommandEncoder();
    record(encoder);
    device.queue.submit([encoder.finish()]);
  });
  const refused = await error;
  if (refused) throw deviceError(refused, doing);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
