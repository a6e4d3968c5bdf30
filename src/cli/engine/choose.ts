import { type DeviceInfo, type ErrorCode, WebspexError } from '../../index.ts';
import type { ConnectOptions, DeviceChoice, RemoteExplainer } from '../../text.ts';
import { unpackSwiftShader } from '../swiftshader.ts';
import { type Engine, startEngine } from './process.ts';

/** A started engine, and the device it is to be used with. */
export interface ChosenEngine {
  readonly engine: Engine;
  readonly device: 'webgpu' | 'wasm' | 'reference';
}

/** One place where an adapter was looked for. */
export interface Probe {
  readonly place: 'own' | 'swiftshader';
  /** Null where its process ended before it said anything, or there is no SwiftShader here. */
  readonly engine: Engine | null;
  readonly why: string;
}

const IS_SWIFTSHADER = /swiftshader/i;

/** Looks with the user's own environment. A driver that crashes counts as no adapter, and the reason says so. */
export async function probeOwn(): Promise<Probe> {
  try {
    const engine = await startEngine();
    return { place: 'own', engine, why: engine.hello.why };
  } catch (error) {
    return { place: 'own', engine: null, why: (error as Error).message };
  }
}

/** Looks with the SwiftShader that comes with an npm package. */
export async function probeSwiftShader(): Promise<Probe> {
  try {
    const found = await unpackSwiftShader();
    if (!found)
      return { place: 'swiftshader', engine: null, why: 'the npm package @sparticuz/chromium is not here, or not for this platform' };
    const engine = await startEngine({ env: found.env });
    return { place: 'swiftshader', engine, why: engine.hello.why };
  } catch (error) {
    return { place: 'swiftshader', engine: null, why: (error as Error).message };
  }
}

const adapterOf = (probe: Probe): DeviceInfo | null => probe.engine?.hello.adapter ?? null;

/**
 * `auto`: a real GPU where Dawn finds one, else the CPU in WebAssembly, which no software adapter comes near. `webgpu`: a real GPU, else
 * the software adapter of a driver that the environment names, else SwiftShader, else whatever software adapter there is. `note` hears of
 * what the user may not expect.
 * @throws no-adapter where `webgpu` was asked for and there is none, device-lost where the process does not start.
 */
export async function chooseEngine(device: DeviceChoice, note: (line: string) => void): Promise<ChosenEngine> {
  if (device === 'reference' || device === 'wasm') return onCpu(device);
  const own = await probeOwn();
  const found = adapterOf(own);
  if (own.engine && found && !found.software) return { engine: own.engine, device: 'webgpu' };
  if (device === 'auto') {
    // Its process holds a driver that is of no use.
    own.engine?.close();
    note(`no GPU (${found ? `only ${found.adapter}` : own.why}): computing on the CPU`);
    return onCpu('wasm');
  }
  return chooseSoftware(own);
}

async function onCpu(device: 'wasm' | 'reference'): Promise<ChosenEngine> {
  return { engine: await startEngine({ gpu: false }), device };
}

/**
 * For benchmarks, which measure all there is where nothing is asked for: with whatever adapter there is, a software one too, else with
 * the CPU alone. @throws as `chooseEngine`.
 */
export async function engineToMeasure(device: DeviceChoice, note: (line: string) => void): Promise<Engine> {
  if (device !== 'auto') return (await chooseEngine(device, note)).engine;
  try {
    return (await chooseEngine('webgpu', note)).engine;
  } catch (error) {
    if (!isCode(error, 'no-adapter')) throw error;
    note('no adapter of any kind: measuring the CPU alone');
    return (await onCpu('wasm')).engine;
  }
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof WebspexError && error.code === code;
}

/** Whoever names a Vulkan driver in the environment wants that one. */
function namesDriver(): boolean {
  return Boolean(process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES);
}

async function chooseSoftware(own: Probe): Promise<ChosenEngine> {
  const found = adapterOf(own);
  if (own.engine && found && (IS_SWIFTSHADER.test(found.adapter) || namesDriver())) return { engine: own.engine, device: 'webgpu' };
  const soft = await probeSwiftShader();
  if (soft.engine && adapterOf(soft)) {
    own.engine?.close();
    return { engine: soft.engine, device: 'webgpu' };
  }
  soft.engine?.close();
  if (own.engine && found) return { engine: own.engine, device: 'webgpu' };
  own.engine?.close();
  throw new WebspexError(
    'no-adapter',
    `device webgpu: expected a GPU, got none: ${own.why}; no SwiftShader either: ${soft.why}; use --device wasm`,
  );
}

type RemoteOptions = ConnectOptions & { readonly device: DeviceChoice };

interface Opened {
  readonly explainer: RemoteExplainer;
  close(): void;
}

/**
 * Chooses a device and loads a model on it; nothing is left running where that fails. `auto` goes on where Node may not run WebAssembly:
 * to a software adapter, and after it to the reference.
 */
export async function openRemote(options: RemoteOptions, note: (line: string) => void): Promise<Opened> {
  const { device } = options;
  if (device !== 'auto') return openOn(options, note);
  try {
    return await openOn(options, note);
  } catch (error) {
    if (!isCode(error, 'no-wasm')) throw error;
    note('no WebAssembly in this Node: computing slowly');
  }
  try {
    return await openOn({ ...options, device: 'webgpu' }, note);
  } catch (error) {
    if (!isCode(error, 'no-adapter')) throw error;
    return openOn({ ...options, device: 'reference' }, note);
  }
}

async function openOn(options: RemoteOptions, note: (line: string) => void): Promise<Opened> {
  const { engine, device } = await chooseEngine(options.device, note);
  try {
    const explainer = await engine.connect({ ...options, device });
    return { explainer, close: engine.close };
  } catch (error) {
    engine.close();
    throw error;
  }
}
