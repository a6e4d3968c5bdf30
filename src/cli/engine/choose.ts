import { type DeviceInfo, WebspexError } from '../../index.ts';
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
 * SwiftShader, else whatever software adapter there is. `note` hears of what the user may not expect.
 * @throws no-adapter where `webgpu` was asked for and there is none.
 */
export async function chooseEngine(device: DeviceChoice, note: (line: string) => void): Promise<ChosenEngine> {
  if (device === 'reference' || device === 'wasm') return { engine: await startEngine({ gpu: false }), device };
  const own = await probeOwn();
  const found = adapterOf(own);
  if (own.engine && found && !found.software) return { engine: own.engine, device: 'webgpu' };
  if (device === 'auto') {
    note(`no GPU (${found ? `only ${found.adapter}` : own.why}): computing on the CPU`);
    return { engine: own.engine ?? (await startEngine({ gpu: false })), device: 'wasm' };
  }
  return chooseSoftware(own);
}

async function chooseSoftware(own: Probe): Promise<ChosenEngine> {
  const found = adapterOf(own);
  if (own.engine && found && IS_SWIFTSHADER.test(found.adapter)) return { engine: own.engine, device: 'webgpu' };
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

/** Chooses a device and loads a model on it; nothing is left running where that fails. */
export async function openRemote(
  options: ConnectOptions & { readonly device: DeviceChoice },
  note: (line: string) => void,
): Promise<{ explainer: RemoteExplainer; close(): void }> {
  const { engine, device } = await chooseEngine(options.device, note);
  try {
    const explainer = await engine.connect({ ...options, device });
    return { explainer, close: engine.close };
  } catch (error) {
    engine.close();
    throw error;
  }
}
