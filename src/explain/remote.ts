import { type ErrorCode, WebspexError } from '../core/errors.ts';
import { isPresent, type Masks } from '../core/masks.ts';
import { env, type HubEnv } from '../model/hub/env.ts';
import type { DeviceInfo, ModelInfo, ProgressEvent } from '../model/model.ts';
import type { OwnFile } from '../model/own-files.ts';
import type { Explanation } from './document.ts';
import { explainFrom } from './explain.ts';
import {
  type Described,
  type DeviceChoice,
  type DtypeChoice,
  type EvaluateOptions,
  type Explainer,
  type ExplainerOptions,
  type ModelParts,
  openExplainer,
  type Task,
  type TextOptions,
} from './explainer.ts';
import { unseenOptions } from './lens-options.ts';
import type { RunProgress } from './options.ts';
import type { Question } from './prepare.ts';
import { type ExplainRun, startRun } from './run.ts';
import type { Learnable, WordPrior } from './word-prior.ts';

/** A worker, a worker's own scope, or anything else that passes structured clones both ways. */
export interface Endpoint {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  /** Ends the far side where it can be ended. */
  terminate?(): void;
}

type LoadRequest = Omit<ConnectOptions, 'progress_callback' | 'signal'> & { readonly env: HubEnv };

type Sendable<T> = Omit<T, 'signal' | 'onProgress' | 'log'>;

/** Calls go through messages, with masks as rows. */
const REMOTE_BATCH_MS = 500;

type Call =
  | { readonly call: 'load'; readonly id: number; readonly options: LoadRequest }
  | { readonly call: 'explain'; readonly id: number; readonly text: string; readonly options: Sendable<TextOptions> }
  | { readonly call: 'evaluate'; readonly id: number; readonly text: string; readonly options: Sendable<EvaluateOptions> }
  | { readonly call: 'describe'; readonly id: number; readonly text: string; readonly options: Sendable<Question> }
  | { readonly call: 'learnWords'; readonly id: number; readonly explanation: Learnable; readonly prior?: WordPrior }
  | { readonly call: 'stop' | 'abort'; readonly id: number }
  | { readonly call: 'destroy'; readonly id: number };

type Reply =
  | { readonly reply: 'done'; readonly id: number; readonly value?: unknown }
  | { readonly reply: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly reply: 'snapshot'; readonly id: number; readonly snapshot: Explanation }
  | { readonly reply: 'progress'; readonly id: number; readonly progress: RunProgress }
  | { readonly reply: 'loading'; readonly id: number; readonly event: ProgressEvent };

interface Loaded {
  readonly model: ModelInfo;
  readonly device: DeviceInfo;
  readonly task?: Task;
  readonly parts?: ModelParts;
  /** Whether it can learn words. */
  readonly learns?: boolean;
}

/** The far side: answers a `connectExplainer` over this endpoint, from inside a worker or a child process. */
export function serveExplainer(endpoint: Endpoint, host: Pick<ExplainerOptions, 'gpu' | 'tileMemory'> = {}): void {
  let current: Explainer | null = null;
  const running = new Map<number, { run?: ExplainRun; abort: AbortController }>();
  const send = (reply: Reply) => endpoint.postMessage(reply);
  const loaded = () => {
    if (!current) throw new WebspexError('usage', 'explainer: expected a loaded model, got none; load one first');
    return current;
  };

  const answer = async (call: Call, signal: AbortSignal): Promise<unknown> => {
    const { id } = call;
    switch (call.call) {
      case 'load': {
        const progress_callback = (event: ProgressEvent) => send({ reply: 'loading', id, event });
        const next = await openExplainer(call.options.task, call.options.model, { ...call.options, ...host, progress_callback, signal });
        current?.destroy();
        current = next;
        return {
          model: next.model,
          device: next.device,
          task: next.task,
          parts: next.parts,
          learns: next.learnWords !== undefined,
        } satisfies Loaded;
      }
      case 'explain': {
        const onProgress = (progress: RunProgress) => send({ reply: 'progress', id, progress });
        const run = loaded().explain(call.text, { ...call.options, signal, onProgress });
        const entry = running.get(id);
        if (entry) entry.run = run;
        for await (const snapshot of run) send({ reply: 'snapshot', id, snapshot });
        return undefined;
      }
      case 'describe':
        return loaded().describe(call.text, { ...call.options, signal });
      case 'learnWords':
        return loaded().learnWords?.(call.explanation, call.prior);
      case 'evaluate':
        return loaded().evaluate(call.text, { ...call.options, signal });
      default:
        current?.destroy();
        current = null;
        return undefined;
    }
  };

  endpoint.addEventListener('message', async ({ data }) => {
    const call = data as Call;
    if (call.call === 'stop') return running.get(call.id)?.run?.stop();
    if (call.call === 'abort') return running.get(call.id)?.abort.abort();
    const abort = new AbortController();
    running.set(call.id, { abort });
    try {
      send({ reply: 'done', id: call.id, value: await answer(call, abort.signal) });
    } catch (error) {
      const { code, message } = typed(error);
      send({ reply: 'failed', id: call.id, code, message });
    } finally {
      running.delete(call.id);
    }
  });
}

/** Errors that are not ours have no code; they are bugs, and are reported as a failed self-check with their own words. */
function typed(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof WebspexError) return error;
  return { code: 'self-check', message: `internal error: ${error instanceof Error ? error.message : String(error)}; please report it` };
}

export interface ConnectOptions {
  /** Default: what the model's config.json says it is for. */
  readonly task?: Task;
  /** Folder, address or hub id of the model, or the files that the user has chosen; default the embedded one. */
  readonly model?: string | readonly OwnFile[];
  readonly revision?: string;
  readonly local_files_only?: boolean;
  readonly device?: DeviceChoice;
  readonly dtype?: DtypeChoice;
  readonly progress_callback?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

/** An explainer that lives on, and may die with, the far side of an endpoint. */
export interface RemoteExplainer extends Explainer {
  /** Tells the near side that the far side is gone: every pending call fails with `device-lost`. */
  fail(reason: string): void;
}

interface Pending {
  settle(reply: Reply): void;
}

/**
 * Loads a model on the far side of a worker (or child process) that runs `serveExplainer`, and returns the same interface as
 * `explainer`; it takes models of the hub from where `env` says on this side. @throws whatever the far side throws, with the same codes; device-lost where the far side dies.
 */
export async function connectExplainer(endpoint: Endpoint, options: ConnectOptions = {}): Promise<RemoteExplainer> {
  const pending = new Map<number, Pending>();
  let last = 0;
  let gone: WebspexError | null = null;
  const elsewhere = options.device === 'wasm' || options.device === 'reference' ? '' : ', or use device wasm';
  endpoint.addEventListener('message', ({ data }) => pending.get((data as Reply).id)?.settle(data as Reply));

  const request = <T>(call: Omit<Call, 'id'>, signal?: AbortSignal, onReply?: (reply: Reply) => void) => {
    const id = ++last;
    const promise = new Promise<T>((resolve, reject) => {
      const settle = (reply: Reply) => {
        if (reply.reply === 'done' || reply.reply === 'failed') pending.delete(id);
        if (reply.reply === 'done') resolve(reply.value as T);
        else if (reply.reply === 'failed') reject(new WebspexError(reply.code, reply.message));
        else onReply?.(reply);
      };
      pending.set(id, { settle });
      if (gone) return settle({ reply: 'failed', id, code: gone.code, message: gone.message });
      endpoint.postMessage({ ...call, id });
      const abort = () => endpoint.postMessage({ call: 'abort', id });
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
    return { id, promise };
  };
  const fail = (reason: string) => {
    gone = new WebspexError('device-lost', `engine: expected an answer, got ${reason}; load the model again${elsewhere}`);
    for (const [id, p] of [...pending]) p.settle({ reply: 'failed', id, code: gone.code, message: gone.message });
  };
  endpoint.addEventListener('error' as 'message', () => fail('an error that ended the worker'));

  const { task, model: place, device: wanted, dtype, revision, local_files_only, signal, progress_callback } = options;
  const loading: LoadRequest = { task, model: place, device: wanted, dtype, revision, local_files_only, env: { ...env } };
  const {
    model,
    device,
    task: found,
    parts,
    learns,
  } = await request<Loaded>({ call: 'load', options: loading } as Omit<Call, 'id'>, signal, (reply) => {
    if (reply.reply === 'loading') progress_callback?.(reply.event);
  }).promise;
  const self: RemoteExplainer = {
    model,
    device,
    task: found,
    parts,
    fail,
    explain(text, given = {}) {
      if (given.log) return explainHere(self, text, given);
      const { signal, onProgress, ...sendable } = given;
      let stop = () => {};
      const run = startRun(async (control) => {
        let latest: Explanation | undefined;
        const { id, promise } = request<void>({ call: 'explain', text, options: sendable } as Omit<Call, 'id'>, signal, (reply) => {
          if (reply.reply === 'progress') onProgress?.(reply.progress);
          if (reply.reply !== 'snapshot') return;
          latest = reply.snapshot;
          control.emit(latest);
        });
        stop = () => endpoint.postMessage({ call: 'stop', id });
        await promise;
        if (!latest) throw new WebspexError('self-check', 'run: expected a last snapshot, got none; please report it');
        return latest;
      });
      return { ...run, [Symbol.asyncIterator]: run[Symbol.asyncIterator], stop: () => stop() };
    },
    describe(text, { signal, ...sendable } = {}) {
      return request<Described>({ call: 'describe', text, options: sendable } as Omit<Call, 'id'>, signal).promise;
    },
    evaluate(text, { signal, ...sendable }) {
      return request<Float32Array>({ call: 'evaluate', text, options: sendable } as Omit<Call, 'id'>, signal).promise;
    },
    ...(learns && {
      learnWords: ({ text, lens, players, model, fit }: Learnable, prior?: WordPrior) => {
        const explanation: Learnable = { text, lens, players, model, fit: { influences: fit.influences } };
        return request<WordPrior>({ call: 'learnWords', explanation, prior } as Omit<Call, 'id'>).promise;
      },
    }),
    destroy() {
      endpoint.postMessage({ call: 'destroy', id: ++last });
      endpoint.terminate?.();
    },
  };
  return self;
}

/** The run on the near side, where its log is; the far side evaluates. */
function explainHere(explainer: Explainer, text: string, options: TextOptions): ExplainRun {
  return explainFrom(async () => {
    const { log: _, onProgress: __, signal, ...question } = options;
    const { players, batchMs, spareEnds, sequential, expected, ...about } = await explainer.describe(text, { ...question, signal });
    return {
      // No signal a call: the run looks at it between calls, and each call would leave a listener behind.
      valueFunction: (masks) => explainer.evaluate(text, { ...question, masks: rowsOf(masks) }),
      options: { ...options, players },
      asked: unseenOptions(question),
      batchMs: batchMs ?? REMOTE_BATCH_MS,
      spareEnds,
      sequential,
      expected,
      origin: { text, ...about, model: explainer.model, device: explainer.device, loadMs: 0 },
    };
  });
}

function rowsOf(masks: Masks): number[][] {
  return Array.from({ length: masks.count }, (_, r) => Array.from({ length: masks.n }, (_, i) => Number(isPresent(masks, r, i))));
}
