import type { Backend } from '../compute/backend.ts';
import { type DeviceChoice, openBackend, type TileMemory } from '../compute/open.ts';
import { WebspexError } from '../core/errors.ts';
import { masksFromRows } from '../core/masks.ts';
import { EMBEDDED_MODEL } from '../embedded.ts';
import { isDecoderConfig } from '../model/causal/config.ts';
import { loadCausal } from '../model/causal/load.ts';
import { headKindOf } from '../model/config.ts';
import { ggufHeadKind } from '../model/gguf/encoder.ts';
import type { HubEnv } from '../model/hub/env.ts';
import { isHubId } from '../model/hub/hub.ts';
import { openModel } from '../model/hub/source.ts';
import { loadClassifier } from '../model/load.ts';
import { loadMasked } from '../model/masked.ts';
import type { AnyModel, Components, DeviceInfo, ModelInfo, ModelSource, ProgressEvent } from '../model/model.ts';
import { ggufOf, type OwnFile, openFiles } from '../model/own-files.ts';
import { type ComponentQuestion, prepareComponents } from './components.ts';
import type { Explanation } from './document.ts';
import { explainFrom } from './explain.ts';
import { QUESTION_OPTIONS, refuseStrayOptions, unseenOptions } from './lens-options.ts';
import type { ExplainOptions } from './options.ts';
import { prepareBlank, prepareCausal, prepareClassifier, prepareSimilarity, type Question } from './prepare.ts';
import type { Prepared } from './prepared.ts';
import type { ExplainRun } from './run.ts';
import { prepareTraining } from './training.ts';
import { type Expected, type Learnable, type WordPrior, withText } from './word-prior.ts';

export type { DeviceChoice } from '../compute/open.ts';

/** Folder, address or hub id of a model, or the files that a page's user has chosen. */
export type ModelPlace = string | URL | readonly OwnFile[];

/** As transformers.js calls them. */
export const DTYPE_CHOICES = ['fp32', 'fp16'] as const;
export type DtypeChoice = (typeof DTYPE_CHOICES)[number];

export interface ExplainerOptions {
  /** `auto`: WebGPU where there is a GPU, else WebAssembly on the CPU. */
  readonly device?: DeviceChoice;
  /** `fp16`: weights and most activations lie in half precision on the GPU, which must have it; default `fp32`. */
  readonly dtype?: DtypeChoice;
  readonly progress_callback?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
  /** A GPU other than navigator.gpu, such as Dawn's in Node. */
  readonly gpu?: GPU;
  /** The page's own GPU device, which other code uses too, such as ONNX Runtime: no second one is opened, and it stays open. */
  readonly gpuDevice?: GPUDevice;
  /** Where the fastest tiles of a GPU are remembered; default a page's Cache Storage, and in Node nowhere. */
  readonly tileMemory?: TileMemory;
  readonly fetch?: typeof fetch;
  /** Of a model of the hub: a branch, tag or commit; default `main`. */
  readonly revision?: string;
  /** A model of the hub comes from the cache alone. */
  readonly local_files_only?: boolean;
  /** Where models of the hub come from, in place of `env`. */
  readonly env?: HubEnv;
}

/**
 * `target`: of a classifier the label to explain, by default the predicted one; of a causal model a continuation, or `A vs B`, by default its
 * own answer; of a masked one a word for its blank, or `A vs B`, by default the likeliest; of a model without its head the text to compare with. `lock`: what is never masked; `auto` is the last sentence of a causal model's prompt.
 */
export interface TextOptions extends Omit<ExplainOptions, 'players'>, Question {}

export interface EvaluateOptions extends Question {
  /** Rows of 0/1 over the players. */
  readonly masks: readonly (readonly number[])[];
}

/** What would be explained about a text: who its players are, what of the model, and how words are masked. */
export interface Described {
  readonly players: Explanation['players'];
  readonly locked: NonNullable<Explanation['locked']>;
  readonly target: string;
  readonly scalar: string;
  readonly mask: string;
  readonly lens: Explanation['lens'];
  readonly units: string;
  /** How long a call with many masks should take, where the lens has a wish. */
  readonly batchMs?: number;
  /** All players and none are unlike every other mask: their values are quoted and not fitted. */
  readonly spareEnds?: boolean;
  /** Players are words in order that a model reads from first to last, and nothing is left where all are absent: how a text ends counts by itself. */
  readonly sequential?: boolean;
  /** What other texts lead to expect of the players. */
  readonly expected?: Expected;
}

export type ModelParts = Pick<Components, 'layers' | 'heads'>;

/** A loaded model that explains texts; one run at a time. */
export interface Explainer {
  readonly model: ModelInfo;
  readonly device: DeviceInfo;
  /** What its model is asked to do; absent where that is another program's affair. */
  readonly task?: Task;
  /** How many layers its model has, and heads in each; absent where those cannot be players. */
  readonly parts?: ModelParts;
  explain(text: string, options?: TextOptions): ExplainRun;
  /** Players and target of a text, for one pass. */
  describe(text: string, options?: Question): Promise<Described>;
  /** True passes on chosen masks: for verifying interactions and switching words off. */
  evaluate(text: string, options: EvaluateOptions): Promise<Float32Array>;
  /**
   * A word prior with one more explained text of this model, for `wordPrior` of the texts after it; absent where the model shows no words.
   * @throws usage, bad-file.
   */
  learnWords?(explanation: Learnable, prior?: WordPrior): Promise<WordPrior>;
  destroy(): void;
}

/**
 * What a model is asked to do; `feature-extraction`, for lens `data` and for two texts beside one another, leaves an encoder's classifier out and
 * takes causal models as they are.
 */
export const TASKS = ['text-classification', 'text-generation', 'fill-mask', 'feature-extraction'] as const;
export type Task = (typeof TASKS)[number];
const TASK_OF = { classifier: 'text-classification', words: 'fill-mask', plain: 'feature-extraction' } as const;

/**
 * Loads a model for `explain`. `model` is a folder (path or URL) with config.json, tokenizer.json and model.safetensors, a GGUF file,
 * either on the hub (`org/name`, `org/name/file.gguf`), or the files of either as a page's user has chosen them; default the embedded sentiment model. @throws usage, not-found, bad-file, hash-mismatch, unsupported-model, no-webgpu, no-adapter, no-wasm.
 */
export async function explainer(task: Task, model?: ModelPlace, options: ExplainerOptions = {}): Promise<Explainer> {
  if (!TASKS.includes(task)) throw new WebspexError('usage', `task: expected ${TASKS.join(', ')}, got ${task}; name one of them`);
  if ((task === 'text-generation' || task === 'fill-mask') && model === undefined)
    throw new WebspexError(
      'usage',
      `model: expected the folder of a ${task === 'fill-mask' ? 'masked' : 'causal'} language model, got none; the embedded model is a classifier`,
    );
  return openExplainer(task, model, options);
}

/** As `explainer`; where no task is named, the model's own config.json says which it is for. */
export async function openExplainer(
  task: Task | undefined,
  model: ModelPlace = EMBEDDED_MODEL,
  options: ExplainerOptions = {},
): Promise<Explainer> {
  const { dtype = 'fp32' } = options;
  if (!DTYPE_CHOICES.includes(dtype))
    throw new WebspexError('usage', `dtype: expected one of ${DTYPE_CHOICES.join(', ')}, got ${dtype}; choose one of them`);
  const start = performance.now();
  const backend = await openBackend(options.device ?? 'auto', {
    gpu: options.gpu,
    gpuDevice: options.gpuDevice,
    tileMemory: options.tileMemory,
    dtype: dtype === 'fp16' ? 'f16' : 'f32',
  });
  try {
    const { source: given, file } = sourceOf(model, options);
    const source = file === undefined ? given : readingOnce(given, file);
    const loading = { backend, onProgress: options.progress_callback, signal: options.signal };
    const own = async () =>
      file !== undefined
        ? taskOfFile(source, file, options.progress_callback)
        : model === EMBEDDED_MODEL
          ? 'text-classification'
          : taskOf(source);
    const named = task === 'feature-extraction' && (await own()) === 'text-generation' ? 'text-generation' : task;
    const found = named ?? (await own());
    const features = found === 'feature-extraction';
    const loaded =
      found === 'text-generation'
        ? await loadCausal(source, loading, file)
        : found === 'fill-mask'
          ? await loadMasked(source, loading)
          : await loadClassifier(source, { ...loading, head: features ? 'none' : 'classifier' }, file);
    return { ...createExplainer(loaded, performance.now() - start, features ? backend : null), task: found };
  } catch (error) {
    backend.destroy();
    throw error;
  }
}

/** What a folder's config.json says that its model is for. @throws not-found, bad-file. */
async function taskOf(source: ModelSource): Promise<Task> {
  const config = await source.read('config.json');
  return isDecoderConfig(config) ? 'text-generation' : TASK_OF[headKindOf(config) ?? 'classifier'];
}

/** What a GGUF file is for; of one that cannot be read whoever loads it complains. @throws not-found, bad-file where it cannot be had. */
async function taskOfFile(source: ModelSource, file: string, report?: (event: ProgressEvent) => void): Promise<Task> {
  const bytes = await source.read(file, report);
  try {
    const kind = ggufHeadKind(bytes);
    return kind === null ? 'text-generation' : TASK_OF[kind];
  } catch (error) {
    if (!(error instanceof WebspexError)) throw error;
    return 'text-generation';
  }
}

/** A source that keeps the bytes of one file from the first time it is read to the second. */
function readingOnce(source: ModelSource, file: string): ModelSource {
  let held: Promise<Uint8Array> | null = null;
  return {
    get id() {
      return source.id;
    },
    get revision() {
      return source.revision;
    },
    read(name, report) {
      if (name !== file) return source.read(name, report);
      const bytes = held ?? source.read(name, report);
      held = held === null ? bytes : null;
      return bytes;
    },
  };
}

/** Where a model's files come from, and the GGUF file among them. @throws usage. */
function sourceOf(model: ModelPlace, options: ExplainerOptions): { source: ModelSource; file?: string } {
  const { fetch, signal, revision, env, local_files_only: localFilesOnly } = options;
  if (isChosen(model)) return { source: openFiles(model, { signal }), file: ggufOf(model) };
  const { folder, file } = placeOf(model);
  return { source: openModel(folder, { fetch, signal, revision, localFilesOnly, env, sign: file }), file };
}

function isChosen(model: ModelPlace): model is readonly OwnFile[] {
  return Array.isArray(model);
}

/** A folder, or the folder of a GGUF file and its name. */
function placeOf(model: string | URL): { folder: string | URL; file?: string } {
  const [, folder, file] = /^(.*[\\/])?([^\\/]+\.gguf)$/i.exec(String(model)) ?? [];
  if (file === undefined) return { folder: model };
  // Without the slash at its end it may be the id of a model of the hub.
  return { folder: folder === undefined ? './' : isHubId(folder.slice(0, -1)) ? folder.slice(0, -1) : folder, file };
}

async function prepare(model: AnyModel, trainer: Backend | null, text: string, question: Question): Promise<Prepared> {
  const { lens = 'text' } = question;
  refuseStrayOptions(question);
  if (lens === 'data') return prepareTraining(model, trainer, text, question);
  if (trainer !== null && lens !== 'text')
    throw new WebspexError('usage', `lens: expected text or data for a model without its head, got ${lens}; name one of them`);
  if (question.chat && !('score' in model))
    throw new WebspexError('usage', `chat: expected a causal language model, got ${model.info.architecture}; leave chat out`);
  if (lens !== 'text') return prepareComponents(model, text, { ...question, lens } as ComponentQuestion);
  if ('fill' in model) return prepareBlank(model, text, question);
  if ('score' in model) return prepareCausal(model, text, question);
  return trainer === null ? prepareClassifier(model, text, question) : prepareSimilarity(model, text, question);
}

/**
 * An explainer around a model that is already loaded; calls of the model go one at a time, in order of asking. `trainer`: what retrains heads
 * on a model without one.
 */
export function createExplainer(model: AnyModel, loadMs = 0, trainer: Backend | null = null): Explainer {
  const parts = 'fill' in model || trainer !== null ? undefined : model.components;
  return {
    ...explainerOf(model, (text, question) => prepare(model, trainer, text, question), loadMs),
    ...(parts && { parts: { layers: parts.layers, heads: parts.heads } }),
    ...(model.words && {
      learnWords: async (explanation: Learnable, prior?: WordPrior) => withText(prior ?? null, explanation, model),
    }),
  };
}

/** An explainer around whatever `prepareQuestion` asks; calls go one at a time, in order of asking. */
export function explainerOf(
  model: Pick<AnyModel, 'info' | 'device' | 'destroy'>,
  prepareQuestion: (text: string, question: Question) => Promise<Prepared>,
  loadMs = 0,
): Explainer {
  let tail: Promise<unknown> = Promise.resolve();
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = tail.then(work);
    tail = mine.catch(() => {});
    return mine;
  };
  // Finding a target takes passes, and parts of a model or its training programs of their own: the last question is kept for who asks again.
  let last: { readonly key: string; readonly prepared: Prepared } | null = null;
  const prepareOnce = async (text: string, options: Question): Promise<Prepared> => {
    const key = JSON.stringify([text, ...QUESTION_OPTIONS.map((option) => options[option])]);
    if (last?.key === key) return last.prepared;
    last?.prepared.release?.();
    last = null;
    last = { key, prepared: await prepareQuestion(text, options) };
    return last.prepared;
  };
  return {
    model: model.info,
    device: model.device,
    explain(text, options = {}) {
      return explainFrom(async () => {
        const { players, valueFunction, batchMs, spareEnds, sequential, expected, asked, ...about } = await queued(() =>
          prepareOnce(text, options),
        );
        return {
          valueFunction: (masks, o) => queued(() => valueFunction(masks, o)),
          options: { ...options, players },
          asked: { ...unseenOptions(options), ...asked },
          batchMs,
          spareEnds,
          sequential,
          expected,
          origin: { ...about, text: about.text ?? text, model: model.info, device: model.device, loadMs },
        };
      });
    },
    async describe(text, options = {}) {
      const {
        players,
        locked = [],
        target,
        scalar,
        mask,
        lens,
        units,
        batchMs,
        spareEnds,
        sequential,
        expected,
      } = await queued(() => prepareOnce(text, options));
      return { players, locked, target, scalar, mask, lens, units, batchMs, spareEnds, sequential, expected };
    },
    async evaluate(text, options) {
      const { players, valueFunction } = await queued(() => prepareOnce(text, options));
      for (const row of options.masks)
        if (row.length !== players.length)
          throw new WebspexError('usage', `masks: expected rows of ${players.length} players, got ${row.length}; one 0 or 1 for each`);
      if (options.masks.length === 0) return new Float32Array(0);
      return queued(() => valueFunction(masksFromRows(options.masks), { signal: options.signal }));
    },
    destroy() {
      last?.prepared.release?.();
      model.destroy();
    },
  };
}
