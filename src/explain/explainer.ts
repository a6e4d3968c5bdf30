import { type DeviceChoice, openBackend, type TileMemory } from '../compute/open.ts';
import { WebspexError } from '../core/errors.ts';
import { lastWordBits, type Masks, maskStride, masksFromRows, pickMasks, sliceMasks, type ValueFunction } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { EMBEDDED_MODEL } from '../embedded.ts';
import { maskSequences, parseMaskRule } from '../lens/text/masking.ts';
import { splitPlayers, type Units } from '../lens/text/players.ts';
import { parseScalar, resolveTarget, type Scalar, scalarOf, textValueFunction } from '../lens/text/value-function.ts';
import { loadClassifier } from '../model/load.ts';
import type { DeviceInfo, Model, ModelInfo, ProgressEvent } from '../model/model.ts';
import { openSource } from '../model/source.ts';
import { explainFrom } from './explain.ts';
import type { ExplainOptions } from './options.ts';
import type { ExplainRun } from './run.ts';

export type { DeviceChoice } from '../compute/open.ts';

export interface ExplainerOptions {
  /** `auto`: WebGPU where there is a GPU, else WebAssembly on the CPU. */
  readonly device?: DeviceChoice;
  readonly dtype?: 'fp32';
  readonly progress_callback?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
  /** A GPU other than navigator.gpu, such as Dawn's in Node. */
  readonly gpu?: GPU;
  /** Where the fastest tiles of a GPU are remembered; default a page's Cache Storage, and in Node nowhere. */
  readonly tileMemory?: TileMemory;
  readonly fetch?: typeof fetch;
}

export interface TextOptions extends Omit<ExplainOptions, 'players'> {
  /** Label to explain; default: the predicted one. */
  readonly target?: string;
  readonly scalar?: Scalar;
  readonly units?: Units;
  readonly mask?: string;
}

export interface EvaluateOptions extends Pick<TextOptions, 'target' | 'scalar' | 'units' | 'mask' | 'signal'> {
  /** Rows of 0/1 over the players. */
  readonly masks: readonly (readonly number[])[];
}

/** A loaded model that explains texts; one run at a time. */
export interface Explainer {
  readonly model: ModelInfo;
  readonly device: DeviceInfo;
  explain(text: string, options?: TextOptions): ExplainRun;
  /** True passes on chosen masks: for verifying interactions and switching words off. */
  evaluate(text: string, options: EvaluateOptions): Promise<Float32Array>;
  destroy(): void;
}

/**
 * Loads a model for `explain`. `model` is a folder (path or URL) with config.json, tokenizer.json and model.safetensors; default
 * the embedded sentiment model. @throws usage, not-found, bad-file, hash-mismatch, unsupported-model, no-webgpu, no-adapter, no-wasm.
 */
export async function explainer(
  task: 'text-classification',
  model: string | URL = EMBEDDED_MODEL,
  options: ExplainerOptions = {},
): Promise<Explainer> {
  if (task !== 'text-classification')
    throw new WebspexError('usage', `task: expected text-classification, got ${task}; it is the one there is`);
  if (options.dtype !== undefined && options.dtype !== 'fp32')
    throw new WebspexError('usage', `dtype: expected fp32, got ${options.dtype}; leave it out`);
  const start = performance.now();
  const backend = await openBackend(options.device ?? 'auto', { gpu: options.gpu, tileMemory: options.tileMemory });
  try {
    const source = openSource(model, { fetch: options.fetch });
    const loaded = await loadClassifier(source, { backend, onProgress: options.progress_callback, signal: options.signal });
    return createExplainer(loaded, performance.now() - start);
  } catch (error) {
    backend.destroy();
    throw error;
  }
}

/** An explainer around a model that is already loaded; calls of the model go one at a time, in order of asking. */
export function createExplainer(model: Model, loadMs = 0): Explainer {
  let tail: Promise<unknown> = Promise.resolve();
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = tail.then(work);
    tail = mine.catch(() => {});
    return mine;
  };
  return {
    model: model.info,
    device: model.device,
    explain(text, options = {}) {
      return explainFrom(async () => {
        const { split, target, scalar, mask, valueFunction } = await queued(() => prepare(model, text, options));
        const units = typeof options.units === 'string' ? options.units : options.units ? JSON.stringify(options.units) : 'word';
        return {
          valueFunction: (masks, o) => queued(() => valueFunction(masks, o)),
          options: { ...options, players: split.players },
          origin: { text, lens: 'text', target, scalar, mask, units, model: model.info, device: model.device, loadMs },
        };
      });
    },
    async evaluate(text, options) {
      const { split, valueFunction } = await queued(() => prepare(model, text, options));
      for (const row of options.masks)
        if (row.length !== split.players.length)
          throw new WebspexError(
            'usage',
            `masks: expected rows of ${split.players.length} players, got ${row.length}; one 0 or 1 for each`,
          );
      if (options.masks.length === 0) return new Float32Array(0);
      return queued(() => valueFunction(masksFromRows(options.masks), { signal: options.signal }));
    },
    destroy: () => model.destroy(),
  };
}

async function prepare(model: Model, text: string, options: Omit<TextOptions, 'onProgress'>) {
  const { info, tokenizer } = model;
  const split = splitPlayers(tokenizer, text, options.units ?? 'word');
  const mask = options.mask ?? (tokenizer.special.mask === null ? 'remove' : 'mask-token');
  const rule = parseMaskRule(mask);
  const scalar = parseScalar(options.scalar);
  const everyone = pairedMasks(split.players.length, 2, 0);
  const whole = maskSequences(sliceMasks(everyone, 0, 1), split, rule, tokenizer, info.maxTokens);
  const logits = await model.classify(whole, { signal: options.signal });
  const target = resolveTarget(info.labels, options.target, logits);
  const full = scalarOf(logits, 0, info.labels.length, target, scalar);
  const masked = textValueFunction(model, split, { target, scalar, rule });
  return { split, target: info.labels[target], scalar, mask, valueFunction: withKnownFull(masked, full) };
}

/** The whole text has been passed already to find the predicted label: its mask is answered from that, so it is counted once. */
function withKnownFull(valueFunction: ValueFunction, full: number): ValueFunction {
  return async (masks, options) => {
    const rows: number[] = [];
    for (let r = 0; r < masks.count; r++) if (!allPresent(masks, r)) rows.push(r);
    const values = new Float32Array(masks.count).fill(full);
    const asked = rows.length > 0 ? await valueFunction(pickMasks(masks, rows), options) : new Float32Array(0);
    rows.forEach((r, i) => {
      values[r] = asked[i];
    });
    return values;
  };
}

function allPresent(masks: Masks, r: number): boolean {
  const stride = maskStride(masks.n);
  for (let w = 0; w < stride; w++)
    if (masks.words[r * stride + w] !== (w === stride - 1 ? lastWordBits(masks.n) : 0xffffffff)) return false;
  return true;
}
