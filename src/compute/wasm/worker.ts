import { WebspexError } from '../../core/errors.ts';
import { release } from '../release.ts';
import { storeOf, threadError } from './crew.ts';
import { createInstance, type Instance } from './instance.ts';
import type { Layout } from './layout.ts';
import type { Answer, Request, Stop } from './messages.ts';
import type { Store } from './store.ts';
import { inTurns } from './turns.ts';

/** The pool's side, as a worker of a page and one of Node see it. */
interface Port {
  postMessage(message: Answer, transfer: ArrayBuffer[]): void;
  onmessage: ((event: { data: Request | Stop }) => void) | null;
}

interface NodeThreads {
  readonly parentPort: (Pick<Port, 'postMessage'> & { on(event: 'message', listener: (data: Request | Stop) => void): void }) | null;
}

const stores = new Map<number, Store>();
const programs = new Map<number, { instance: Instance; layout: Layout }>();

/** What became of a run that was asked for and is not answered yet. */
interface Waiting {
  stopped: boolean;
}

async function answer(request: Request, waiting: Waiting): Promise<Answer> {
  if (request.ask === 'upload') {
    const { store, places, weights, bytes } = request;
    try {
      stores.set(store, await storeOf(places, weights, bytes));
      return { answer: 'done' };
    } catch (error) {
      return failed(error, { bytes });
    } finally {
      release(weights.values());
    }
  }
  if (request.ask === 'release-weights') {
    stores.delete(request.store);
    return { answer: 'done' };
  }
  const { program } = request;
  if (request.ask === 'prepare') {
    const { module, layout } = request;
    try {
      programs.set(program, { instance: await createInstance(module, layout, stores.get(request.store) as Store), layout });
      return { answer: 'done' };
    } catch (error) {
      return failed(error, layout);
    }
  }
  const prepared = programs.get(program);
  if (request.ask === 'release' || !prepared) {
    programs.delete(program);
    return { answer: 'done' };
  }
  try {
    const check = (done: number) => {
      if (waiting.stopped)
        throw new WebspexError('aborted', `run: expected to be wanted to its end, got a stop after ${done} kernel calls; run it again`);
    };
    check(0);
    const words = await inTurns(prepared.instance.run(request.inputs, request.counts, request.serial), check);
    return { answer: 'done', words };
  } catch (error) {
    return failed(error, prepared.layout);
  }
}

function failed(error: unknown, asked: Pick<Layout, 'bytes'>): Answer {
  const { code, message } = threadError(error, asked);
  return { answer: 'failed', code, message };
}

function serve(post: Port['postMessage']): (request: Request | Stop) => void {
  post({ answer: 'ready' }, []);
  // One after another: a run must not overtake the preparation of its program.
  let tail: Promise<void> = Promise.resolve();
  const runs = new Map<string, Waiting>();
  return (request) => {
    const name = 'serial' in request ? `${request.program} ${request.serial}` : '';
    if (request.ask === 'stop') {
      // One that is answered already is no more in the way.
      const waiting = runs.get(name);
      if (waiting) waiting.stopped = true;
      return;
    }
    const waiting = { stopped: false };
    if (request.ask === 'run') runs.set(name, waiting);
    tail = tail.then(async () => {
      const said = await answer(request, waiting);
      runs.delete(name);
      post(said, said.answer === 'done' && said.words ? [said.words.buffer] : []);
    });
  };
}

const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
const parent = (runtime?.getBuiltinModule?.('node:worker_threads') as NodeThreads | undefined)?.parentPort;
if (parent) {
  parent.on(
    'message',
    serve((message, transfer) => parent.postMessage(message, transfer)),
  );
} else {
  const page = globalThis as unknown as Port;
  const take = serve((message, transfer) => page.postMessage(message, transfer));
  page.onmessage = ({ data }) => take(data);
}
