import { type BenchContext, benchmarks, embeddedBackends, type Place } from '../../bench.ts';
import { WebspexError } from '../../index.ts';
import { type Endpoint, serveExplainer } from '../../text.ts';
import { adapterFacts, timeTilings, timeTransform } from '../../webgpu.ts';
import { readTextFile } from '../files.ts';
import { causalOf } from './causal.ts';
import { gamesOf } from './games.ts';
import { type BenchRequest, type EngineMessage, type Hello, isEngineMessage } from './messages.ts';
import { readTables } from './tables.ts';
import { fileTileMemory } from './tile-memory.ts';

/** The side of a child process that talks to its parent. */
type Channel = Pick<NodeJS.Process, 'on' | 'send' | 'cpuUsage'>;

interface FoundGpu {
  readonly gpu: GPU | null;
  readonly hello: Hello;
}

const NO_ADAPTER = { engine: 'hello', adapter: null, features: [], limits: {} } as const;

/** Dawn, where its npm package is there and knows this platform. */
async function findGpu(): Promise<FoundGpu> {
  let gpu: GPU;
  try {
    const { create } = await import('webgpu');
    gpu = create([]);
  } catch (error) {
    const said = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { gpu: null, hello: { ...NO_ADAPTER, why: `the npm package webgpu does not load (${said})` } };
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return { gpu, hello: { ...NO_ADAPTER, why: 'Dawn found no adapter' } };
  return { gpu, hello: { engine: 'hello', why: '', ...adapterFacts(adapter) } };
}

/** How a GPU is opened where there is one. */
function openedBy(gpu: GPU | null): NonNullable<Place['open']> {
  return gpu ? { gpu, tileMemory: fileTileMemory() } : {};
}

/** Backends to measure, those that were asked for, the quickest first: a GPU, WebAssembly, a software adapter, float64. */
function backendsOf({ gpu, hello }: FoundGpu, { device, dtype }: BenchRequest): BenchContext['backends'] {
  const { adapter, features } = hello;
  return embeddedBackends({
    open: openedBy(gpu),
    gpu: gpu && adapter && { software: adapter.software, half: features.includes('shader-f16') },
    device,
    dtype,
  });
}

async function runBenchmark(request: BenchRequest, found: FoundGpu, channel: Channel): Promise<EngineMessage> {
  const readText = async (name: string) => {
    const file = request.files[name];
    if (file === undefined)
      throw new WebspexError('usage', `bench ${request.name}: expected --${name} FILE, got none; name the file it measures on`);
    return readTextFile(file, Number.POSITIVE_INFINITY);
  };
  const cpuSeconds = () => {
    const { user, system } = channel.cpuUsage();
    return (user + system) / 1e6;
  };
  try {
    const rows = await benchmarks[request.name].run({
      commit: request.commit,
      method: request.method,
      cpuSeconds,
      readText,
      hasText: (name) => request.files[name] !== undefined,
      readTables: request.files.tables === undefined ? undefined : () => readTables(request.files.tables),
      ...gamesOf(request),
      loadCausal: request.files.model === undefined ? undefined : causalOf(request.files.model, openedBy(found.gpu)),
      backends: backendsOf(found, request),
      timeTransform: found.gpu ? (rows, size) => timeTransform({ gpu: found.gpu ?? undefined }, rows, size) : undefined,
      timeProduct: found.gpu ? (size) => timeTilings({ gpu: found.gpu ?? undefined }, size) : undefined,
      report: (line) => channel.send?.({ engine: 'bench-line', line } satisfies EngineMessage),
    });
    return { engine: 'bench-rows', rows };
  } catch (error) {
    const code = error instanceof WebspexError ? error.code : 'self-check';
    return { engine: 'bench-failed', code, message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The GPU's process: says what it found, then serves an explainer (and benchmarks) to its parent until the parent goes away.
 * Ctrl-C is the parent's business: it decides whether a run stops or ends.
 */
export async function serveEngine(channel: Channel, mode: string | undefined): Promise<void> {
  channel.on('SIGINT', () => {});
  channel.on('disconnect', () => process.exit(0));
  const found = mode === 'cpu' ? { gpu: null, hello: { ...NO_ADAPTER, why: 'not asked for' } } : await findGpu();
  const { gpu, hello } = found;
  const endpoint: Endpoint = {
    postMessage: (message) => channel.send?.(message),
    addEventListener: (_, listener) =>
      channel.on('message', (data: unknown) => {
        if (!isEngineMessage(data)) listener({ data });
      }),
  };
  serveExplainer(endpoint, openedBy(gpu));
  channel.on('message', async (data: unknown) => {
    if (isEngineMessage(data) && data.engine === 'bench') channel.send?.(await runBenchmark(data, found, channel));
  });
  channel.send?.(hello);
}
