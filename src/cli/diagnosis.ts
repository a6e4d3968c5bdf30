import { VERSION, WebspexError } from '../index.ts';
import type { DeviceInfo, ModelInfo } from '../text.ts';
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
  readonly backend: 'webgpu' | 'reference';
  readonly works: boolean;
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

interface Attempt {
  readonly values: Float32Array | null;
  readonly model: ModelInfo | null;
  readonly error: WebspexError | null;
}

async function attempt(engine: Engine, device: Tried['backend']): Promise<Attempt> {
  try {
    const explainer = await engine.connect({ device });
    return { values: await explainer.evaluate(TEXT, { masks: MASKS, target: '0' }), model: explainer.model, error: null };
  } catch (error) {
    return { values: null, model: null, error: error instanceof WebspexError ? error : new WebspexError('self-check', String(error)) };
  } finally {
    engine.close();
  }
}

function placeOf({ place, engine, why }: Probe): Place {
  const { adapter = null, features = [], limits = {} } = engine?.hello ?? {};
  return { place, adapter, why, features, limits };
}

const difference = (a: Float32Array | null, b: Float32Array | null) => (a && b ? Math.max(...a.map((v, i) => Math.abs(v - b[i]))) : null);

function adviceFor(own: Place, soft: Place, webgpu: Attempt | null): string[] {
  const out: string[] = [];
  if (own.adapter && !own.adapter.software) out.push(`explain runs on ${own.adapter.adapter}.`);
  else if (own.adapter || soft.adapter) {
    out.push('No GPU was found: explain computes on a software adapter, with right results and little speed.');
    out.push('With a GPU in this machine: install its Vulkan driver (Linux), or update the graphics driver, and run doctor again.');
  } else {
    out.push('No adapter was found: explain computes in float64 on the CPU, with right results and little speed.');
    if (/npm package webgpu/.test(own.why)) out.push('For a GPU: npm install webgpu, which has Dawn for Linux, macOS and Windows.');
  }
  if (webgpu?.error) out.push(`WebGPU is there but does not work; use --device reference, and report this: ${webgpu.error.message}`);
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
  report('trying the embedded model in WebGPU …');
  const webgpu = chosen?.engine ? await attempt(chosen.engine, 'webgpu') : null;
  const apart = difference(webgpu?.values ?? null, reference.values);
  const differs = apart !== null && !(apart <= TOLERANCE);
  const none = reference.values === null && !webgpu?.values;
  const model = reference.model ?? webgpu?.model ?? null;
  return {
    format: 'webspex-doctor',
    version: 1,
    webspex: VERSION,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    places,
    backends: [
      {
        backend: 'webgpu',
        works: webgpu?.values != null && !differs,
        why: webgpu ? (webgpu.error?.message ?? (differs ? 'its answers are not those of the reference' : '')) : 'no adapter',
        difference: apart,
      },
      { backend: 'reference', works: reference.values !== null, why: reference.error?.message ?? '', difference: null },
    ],
    model: model && { id: model.id, revision: model.revision, sha256: model.sha256, labels: model.labels, maxTokens: model.maxTokens },
    advice: [
      ...adviceFor(places[0], places[1], webgpu),
      ...(differs ? [`WebGPU answers differently from the reference (by ${apart}): use --device reference, and report it.`] : []),
      ...(none ? [`The embedded model does not load: ${reference.error?.message}`] : []),
    ],
    exitCode: differs ? EXIT_CODES['self-check'] : none ? EXIT_CODES[reference.error?.code ?? 'self-check'] : 0,
  };
}
