import workerScript from './worker.ts?script';

/** A worker of the page or of Node, as the pool sees it. */
export interface PoolWorker {
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Told at most once, when the worker can answer no more. */
  onDeath(listener: (why: string) => void): void;
  /** In Node: whether the process should wait for it. */
  keepAlive(wanted: boolean): void;
  terminate(): void;
}

/** The part of node:worker_threads that is used here. */
interface NodeWorker {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface NodeThreads {
  readonly Worker: new (script: string, options: { eval: true }) => NodeWorker;
}

/** Asked for at run time, so that bundlers for browsers see no `node:` import. */
function nodeModule<T>(name: string): T | undefined {
  const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  return runtime?.getBuiltinModule?.(name) as T | undefined;
}

/** How many threads this machine runs at once, as far as it says. */
export function processors(): number {
  const system = nodeModule<{ availableParallelism(): number }>('node:os');
  return system?.availableParallelism() ?? (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency ?? 1;
}

/** Starts a worker. @throws what the runtime throws where it has none, or a policy forbids it. */
export function startWorker(): PoolWorker {
  const threads = nodeModule<NodeThreads>('node:worker_threads');
  return threads ? overNode(new threads.Worker(workerScript, { eval: true })) : overPage();
}

function overPage(): PoolWorker {
  // Bundlers know a worker by exactly this form.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: (listener) => worker.addEventListener('message', ({ data }) => listener(data)),
    onDeath(listener) {
      worker.addEventListener('error', (event) => listener(event.message || 'its script did not load'), { once: true });
      worker.addEventListener('messageerror', () => listener('a message that could not be read'), { once: true });
    },
    keepAlive() {},
    terminate: () => worker.terminate(),
  };
}

function overNode(worker: NodeWorker): PoolWorker {
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: (listener) => worker.on('message', listener),
    onDeath(listener) {
      let told = false;
      const tell = (why: string) => {
        if (!told) listener(why);
        told = true;
      };
      worker.on('error', (error) => tell(error instanceof Error ? error.message : String(error)));
      worker.on('exit', (code) => tell(`exit code ${code}`));
    },
    keepAlive: (wanted) => (wanted ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}
