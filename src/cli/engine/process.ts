import { type ChildProcess, fork } from 'node:child_process';
import type { Row } from '../../bench.ts';
import { WebspexError } from '../../index.ts';
import { type ConnectOptions, connectExplainer, type Endpoint, type RemoteExplainer } from '../../text.ts';
import { builtFile } from '../paths.ts';
import { type BenchRequest, type EngineMessage, type Hello, isEngineMessage } from './messages.ts';
import { START_MS, withDeadline } from './watch.ts';

export interface EngineOptions {
  /** Environment on top of this process's own; the Vulkan loader reads it before the first line runs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Look for a GPU; false: the CPU only. */
  readonly gpu?: boolean;
  /** Script of the child; default this package's engine. */
  readonly script?: string;
  /** Shortest silence that counts as a hang, in place of the adapter's own. */
  readonly floorMs?: number;
}

/** A child process that holds the GPU. It dies with this process, and is killed where it hangs. */
export interface Engine {
  readonly hello: Hello;
  /** Loads a model there. @throws device-lost where the process crashes or hangs, and whatever loading throws. */
  connect(options: ConnectOptions): Promise<RemoteExplainer>;
  bench(request: Omit<BenchRequest, 'engine'>, onLine: (line: string) => void): Promise<readonly Row[]>;
  close(): void;
}

const HARDWARE_FLOOR_MS = 10_000;
/** A software adapter is never hung, only slow: eight passes of 512 tokens have taken more than a minute of two busy cores. */
const SOFTWARE_FLOOR_MS = 600_000;

/** Starts the GPU's process and waits for it to say what it found. @throws device-lost where it ends before it does. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const child = fork(options.script ?? builtFile('engine.js'), [options.gpu === false ? 'cpu' : 'gpu'], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, ...options.env },
  });
  const life = watchLife(child, options.gpu !== false);
  try {
    const hello = await Promise.race([firstHello(child, life), life.ended]);
    return createEngine(child, life, hello, options);
  } catch (error) {
    life.close();
    throw error;
  }
}

interface Life {
  /** Never resolves; rejects with device-lost when the process ends or is given up. */
  readonly ended: Promise<never>;
  giveUp(reason: string): void;
  onEnd(listener: (reason: string) => void): void;
  /** Ends the process on purpose. */
  close(): void;
}

function watchLife(child: ChildProcess, mayUseGpu: boolean): Life {
  let closing = false;
  let words = '';
  const listeners: ((reason: string) => void)[] = [];
  let reject: (error: WebspexError) => void = () => {};
  const ended = new Promise<never>((_, fail) => {
    reject = fail;
  });
  ended.catch(() => {});
  // A process whose GPU hangs does not hear that its parent has gone.
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const end = (reason: string) => {
    if (closing) return;
    closing = true;
    kill();
    const advice = mayUseGpu ? 'start it again, or use --device wasm' : 'start it again';
    reject(new WebspexError('device-lost', `engine: expected an answer, got ${reason}; ${advice}`));
    for (const listener of listeners) listener(reason);
  };
  child.stderr?.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString('utf8')).slice(-600);
  });
  child.on('error', (error) => end(`an error (${error.message})`));
  child.on('exit', (code, signal) => {
    process.off('exit', kill);
    const last = words.trim().split('\n').at(-1)?.trim().slice(0, 160);
    end(`a process that ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${last ? ` (${last})` : ''}`);
  });
  return {
    ended,
    giveUp: end,
    onEnd: (listener) => listeners.push(listener),
    close() {
      closing = true;
      kill();
    },
  };
}

function firstHello(child: ChildProcess, life: Life): Promise<Hello> {
  const timer = setTimeout(() => life.giveUp(`silence for ${START_MS / 1000} s while it looked for a GPU`), START_MS);
  return new Promise((resolve) => {
    child.once('message', (message) => {
      clearTimeout(timer);
      resolve(message as Hello);
    });
    child.once('exit', () => clearTimeout(timer));
  });
}

function createEngine(child: ChildProcess, life: Life, hello: Hello, { floorMs }: EngineOptions): Engine {
  const onMessage = (listener: (message: unknown) => void) => child.on('message', listener);
  const floor = floorMs ?? (hello.adapter?.software ? SOFTWARE_FLOOR_MS : HARDWARE_FLOOR_MS);
  return {
    hello,
    async connect(options) {
      const endpoint: Endpoint = {
        postMessage: (message) => child.connected && child.send(message as object, () => {}),
        addEventListener(type, listener) {
          // A worker also has errors to listen for; a process has an end, which its life reports.
          if (type === 'message') onMessage((data) => !isEngineMessage(data) && listener({ data }));
        },
        terminate: life.close,
      };
      // The CPU cannot hang, only take its time.
      const watched = options.device === 'webgpu' ? withDeadline(endpoint, floor, life.giveUp) : endpoint;
      const explainer = await Promise.race([connectExplainer(watched, options), life.ended]);
      life.onEnd((reason) => explainer.fail(reason));
      return explainer;
    },
    bench(request, onLine) {
      const rows = new Promise<readonly Row[]>((resolve, reject) => {
        onMessage((message) => {
          if (!isEngineMessage(message)) return;
          const reply = message as EngineMessage;
          if (reply.engine === 'bench-line') onLine(reply.line);
          if (reply.engine === 'bench-rows') resolve(reply.rows);
          if (reply.engine === 'bench-failed') reject(new WebspexError(reply.code, reply.message));
        });
      });
      child.send({ engine: 'bench', ...request });
      return Promise.race([rows, life.ended]);
    },
    close: life.close,
  };
}
