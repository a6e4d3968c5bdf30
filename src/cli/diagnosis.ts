import { VERSION, WebspexError } from '../index.ts';
import type { DeviceInfo, ModelInfo } from '../text.ts';
import { type Cached, readCache } from './cache.ts';
import { type Probe, probeOwn, probeSwiftShader } from './engine/choose.ts';
import { type Engine, startEngine } from './engine/process.ts';
import { EXIT_CODES } from './exit-codes.ts';

/** Where an adapter was looked for, and what was there. */
interface Place {
  readonly place: Probe['place'];
  readonly adapter: DeviceInfo | null;
  readonly why: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** A backend that was tried with the embedded model. */
interface Tried {
  readonly backend: DeviceInfo['backend'];
  readonly works: boolean;
  /** What it ran on: the driver's name, or the build of the kernels and their threads; null where it did not run. */
  readonly adapter: string | null;
  /** Of WebGPU: the tiles of its matrix products; on a GPU those that won the race. */
  readonly tiling: string | null;
  /** The error where it does not. */
  readonly why: string;
  /** Largest difference of its answers to those of the reference; null for the reference, and where either does not work. */
  readonly difference: number | null;
}

/** What `doctor` finds, and prints as JSON. */
export interface Diagnosis {
  readonly format: 'webspex-doctor';
  readonly version: 1;
  readonly webspex: string;
  readonly node: string;
  readonly platform: string;
  readonly places: readonly Place[];
  readonly backends: readonly Tried[];
  /** The embedded model, every file of it checked against its manifest; null where it could not be loaded. */
  readonly model: Pick<ModelInfo, 'id' | 'revision' | 'sha256' | 'labels' | 'maxTokens'> | null;
  /** What models of the hub take on this disk; null where there is no place for them. */
  readonly cache: Cached | null;
  readonly advice: readonly string[];
  readonly exitCode: number;
}

/** A sentence and three maskings of it that every backend is asked. */
const TEXT = 'Her acting never fails to impress';
const MASKS = [
  [1, 1, 1, 1, 1, 1],
  [1, 1, 0, 1, 1, 0],
  [0, 0, 0, 0, 0, 0],
];
/** Backends agree on logits within this (engine's twin tests); a log-odds of two is within twice as much. */
const TOLERANCE = 2e-4;

const NO_ADAPTER = 'no adapter';

interface Attempt {
  readonly values: Float32Array | null;
  readonly model: ModelInfo | null;
  readonly adapter: string | null;
  readonly tiling: string | null;
  readonly error: WebspexError | null;
}

async function attempt(engine: Engine, device: Tried['backend']): Promise<Attempt> {
  try {
    const explainer = await engine.connect({ device });
    const { model, device: info } = explainer;
    return {
      values: await explainer.evaluate(TEXT, { masks: MASKS, target: '0' }),
      model,
      adapter: info.adapter,
      tiling: info.tiling ?? null,
      error: null,
    };
  } catch (error) {
    const known = error instanceof WebspexError ? error : new WebspexError('self-check', String(error));
    return { values: null, model: null, adapter: null, tiling: null, error: known };
  } finally {
    engine.close();
  }
}

function placeOf({ place, engine, why }: Probe): Place {
  const { adapter = null, features = [], limits = {} } = engine?.hello ?? {};
  return { place, adapter, why, features, limits };
}

/** What a backend answered, beside the reference. */
function judge(backend: Tried['backend'], made: Attempt | null, reference: Attempt): Tried {
  if (!made) return { backend, works: false, adapter: null, tiling: null, why: NO_ADAPTER, difference: null };
  const { values, adapter, tiling, error } = made;
  const expected = backend === 'reference' ? null : reference.values;
  const difference = values && expected ? Math.max(...values.map((v, i) => Math.abs(v - expected[i]))) : null;
  const differs = difference !== null && !(difference <= TOLERANCE);
  return {
    backend,
    works: values !== null && !differs,
    adapter,
    tiling,
    why: error?.message ?? (differs ? `its answers are not those of the reference (by ${difference})` : ''),
    difference,
  };
}

const differs = ({ works, difference }: Tried) => !works && difference !== null;

/** The backend to name to whom another one fails. */
const INSTEAD = { webgpu: 'wasm', wasm: 'reference' } as const;

function adviceFor(own: Place, backends: readonly Tried[]): string[] {
  const works = (name: Tried['backend']) => backends.find((b) => b.backend === name && b.works);
  const out: string[] = [];
  if (own.adapter && !own.adapter.software) out.push(`explain runs on ${own.adapter.adapter}.`);
  else {
    const used = works('wasm') ?? works('webgpu') ?? works('reference');
    out.push(`No GPU was found${used ? `: explain computes on ${used.adapter}, with the same results in more time` : ''}.`);
    out.push(
      /npm package webgpu/.test(own.why)
        ? 'For a GPU: npm install webgpu, which has Dawn for Linux, macOS and Windows.'
        : 'With a GPU in this machine: install its Vulkan driver (Linux), or update the graphics driver, and run doctor again.',
    );
  }
  for (const { backend, works: fine, why } of backends)
    if (!fine && why !== NO_ADAPTER && backend !== 'reference')
      out.push(`${backend} does not work here: use --device ${INSTEAD[backend]}, and report this: ${why}`);
  return out;
}

/** Looks at every place for an adapter, loads the embedded model on every backend, and compares their answers. */
export async function diagnose(report: (line: string) => void): Promise<Diagnosis> {
  report('looking for a GPU …');
  const own = await probeOwn();
  report('looking for SwiftShader …');
  const soft = await probeSwiftShader();
  const places = [placeOf(own), placeOf(soft)];
  const chosen = [own, soft].find((p) => p.engine?.hello.adapter) ?? null;
  for (const { engine } of [own, soft]) if (engine !== chosen?.engine) engine?.close();
  report('trying the embedded model on the CPU …');
  const reference = await attempt(await startEngine({ gpu: false }), 'reference');
  report('trying the embedded model in WebAssembly …');
  const wasm = await attempt(await startEngine({ gpu: false }), 'wasm');
  report('trying the embedded model in WebGPU …');
  const webgpu = chosen?.engine ? await attempt(chosen.engine, 'webgpu') : null;
  const backends = [judge('webgpu', webgpu, reference), judge('wasm', wasm, reference), judge('reference', reference, reference)];
  const none = [webgpu, wasm, reference].every((made) => !made?.values);
  const model = reference.model ?? wasm.model ?? webgpu?.model ?? null;
  return {
    format: 'webspex-doctor',
    version: 1,
    webspex: VERSION,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    places,
    backends,
    model: model && { id: model.id, revision: model.revision, sha256: model.sha256, labels: model.labels, maxTokens: model.maxTokens },
    cache: readCache(),
    advice: [...adviceFor(places[0], backends), ...(none ? [`The embedded model does not load: ${reference.error?.message}`] : [])],
    exitCode: backends.some(differs) ? EXIT_CODES['self-check'] : none ? EXIT_CODES[reference.error?.code ?? 'self-check'] : 0,
  };
}
