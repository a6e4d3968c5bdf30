import { release } from '../release.ts';
import { threadError } from './crew.ts';
import { createInstance, type Instance } from './instance.ts';
import type { Layout } from './layout.ts';
import type { Answer, Request } from './messages.ts';

/** The pool's side, as a worker of a page and one of Node see it. */
interface Port {
  postMessage(message: Answer, transfer: ArrayBuffer[]): void;
  onmessage: ((event: { data: Request }) => void) | null;
}

interface NodeThreads {
  readonly parentPort: (Pick<Port, 'postMessage'> & { on(event: 'message', listener: (data: Request) => void): void }) | null;
}

const programs = new Map<number, { instance: Instance; layout: Layout }>();

async function answer(request: Request): Promise<Answer> {
  const { program } = request;
  if (request.ask === 'prepare') {
    const { module, layout, weights } = request;
    try {
      programs.set(program, { instance: await createInstance(module, layout, weights), layout });
      return { answer: 'done' };
    } catch (error) {
      return failed(error, layout);
    } finally {
      release(weights.values());
    }
  }
  const prepared = programs.get(program);
  if (request.ask === 'release' || !prepared) {
    programs.delete(program);
    return { answer: 'done' };
  }
  try {
    return { answer: 'done', words: prepared.instance.run(request.inputs, request.counts, request.serial).slice() };
  } catch (error) {
    return failed(error, prepared.layout);
  }
}

function failed(error: unknown, layout: Layout): Answer {
  const { code, message } = threadError(error, layout);
  return { answer: 'failed', code, message };
}

function serve(post: Port['postMessage']): (request: Request) => void {
  post({ answer: 'ready' }, []);
  // One after another: a run must not overtake the preparation of its program.
  let tail: Promise<void> = Promise.resolve();
  return (request) => {
    tail = tail.then(async () => {
      const said = await answer(request);
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
