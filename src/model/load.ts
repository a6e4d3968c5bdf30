import type { Backend } from '../compute/backend.ts';
import { bufferLength, type Program, type RowCounts } from '../compute/program.ts';
import { throwIfAborted, WebspexError } from '../core/errors.ts';
import type { BodyNames, HeadKind } from './architectures/architecture.ts';
import { createClassifier } from './classifier.ts';
import { type EncoderConfig, readConfig } from './config.ts';
import { type EncoderSizes, encoderProgram } from './encoder.ts';
import {
  encoderWeights,
  leaveOutHead,
  type TableSizes,
  type TakeTensor,
  takeEmbeddings,
  weightWriter,
  withoutHead,
  writeBody,
} from './encoder-weights.ts';
import { gatedPrograms } from './gated.ts';
import { readManifest, readVerified } from './manifest.ts';
import type { Model, ModelInfo, ModelSource, ProgressEvent, Tokenizer } from './model.ts';
import { pooledProgram, poolingWeights } from './pooled-encoder.ts';
import { readPooling } from './pooling.ts';
import { dequantiseRows, type Tensor, toFloat32 } from './safetensors.ts';
import { loadTokenizer } from './tokenizer.ts';
import { readWeights } from './weight-files.ts';

export interface LoadOptions {
  /** Runs the forward passes; stays the caller's to destroy, after the model. */
  readonly backend: Backend;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
  /** `none`: features of the text come back in the place of logits, one for each channel: what the classifier would read; default `classifier`. */
  readonly head?: 'classifier' | 'none';
}

/** Buffers that old exports carry and that hold no weights. */
const IGNORED = /(^|\.)(position_ids|rotary_emb\.inv_freq|attn\.(masked_)?bias)$/;

/** The files of an encoder's folder, config.json and tokenizer.json read. */
interface Opened {
  readonly config: EncoderConfig;
  readonly tokenizer: Tokenizer;
  /** Longest sequence, special tokens included. */
  readonly maxTokens: number;
  /** Another file, or null where there is none. */
  readIfThere(file: string): Promise<Uint8Array | null>;
  /** The stored tensors, read now. `spare`: names that may be left over. */
  readTensors(spare?: readonly string[]): Promise<ReturnType<typeof tensorTaker>>;
  /** What the model says of itself, after `readTensors`. */
  info(labels: readonly string[]): ModelInfo;
}

/** @throws not-found, hash-mismatch, bad-file, unsupported-model, aborted. */
export async function openEncoder(
  source: ModelSource,
  { backend, onProgress, signal }: LoadOptions,
  kinds: readonly HeadKind[],
): Promise<Opened> {
  throwIfAborted(signal);
  const manifest = await readManifest(source);
  const read = async (file: string) => {
    throwIfAborted(signal);
    return readVerified(source, manifest, file, onProgress);
  };
  const config = readConfig((await read('config.json')).bytes, kinds);
  const tokenizer = loadTokenizer((await read('tokenizer.json')).bytes);
  if (tokenizer.vocabularySize > config.vocabularySize)
    throw new WebspexError(
      'bad-file',
      `tokenizer.json: expected ids below vocab_size ${config.vocabularySize}, got ${tokenizer.vocabularySize}; use the model's own tokenizer`,
    );
  const architecture = config.architecture.classes[config.kind];
  const maxTokens = config.positions - config.places.first;
  let sha256 = '';
  return {
    config,
    tokenizer,
    maxTokens,
    async readIfThere(file) {
      try {
        return manifest && !manifest.files.has(file) ? null : (await read(file)).bytes;
      } catch (error) {
        if (error instanceof WebspexError && error.code === 'not-found') return null;
        throw error;
      }
    },
    async readTensors(spare) {
      const stored = await readWeights(read, manifest);
      throwIfAborted(signal);
      sha256 = stored.sha256;
      return tensorTaker(stored.tensors, architecture, spare);
    },
    info: (labels) => ({
      id: manifest?.id ?? source.id,
      revision: manifest?.revision ?? source.revision,
      sha256,
      dtype: backend.dtype ?? 'f32',
      architecture,
      labels,
      maxTokens,
    }),
  };
}

/**
 * Loads an encoder with a sequence classification head from a folder of config.json, tokenizer.json and model.safetensors (F32, F16, BF16, or int8 rows
 * with a `.scale` each; one file, or several and their index); a manifest.json there is enforced. With head `none` also one that never had any, whose
 * modules.json says what stands for a text, the mean of all its tokens' rows where there is none.
 * @throws not-found, hash-mismatch, bad-file naming the tensor, unsupported-model, aborted, and what the backend throws.
 */
export async function loadClassifier(source: ModelSource, options: LoadOptions): Promise<Model> {
  const { backend, onProgress, head = 'classifier' } = options;
  const opened = await openEncoder(source, options, head === 'none' ? ['classifier', 'plain'] : ['classifier']);
  const { config, tokenizer, maxTokens } = opened;
  const pooling = config.kind === 'plain' ? await readPooling(opened.readIfThere) : 'first';
  if (pooling === 'first' && tokenizer.wrapping.before.length === 0)
    throw new WebspexError(
      'bad-file',
      'tokenizer.json: expected a special token before the text, which the classifier reads, got none; use the model’s own tokenizer',
    );
  const stored = sizesOf(config, config.labels.length);
  const sizes = head === 'none' ? withoutHead(stored) : stored;
  const make = pooling === 'mean' ? pooledProgram : encoderProgram;
  const program = planProgram((capacity) => make(sizes, capacity), maxTokens, backend);
  const { prefix, names } = config.architecture;
  const tensors = await opened.readTensors(config.kind === 'plain' ? ['pooler.dense.weight', 'pooler.dense.bias'] : []);
  const plain = config.kind === 'plain' && tensors.has(names.word.slice(prefix.length + 1));
  const take: TakeTensor = (name, shape) => tensors.take(plain ? name.slice(prefix.length + 1) : name, shape);
  const embeddings = takeEmbeddings(sizes, tableSizes(config), names, take);
  const weights = config.kind === 'plain' ? bodyOf(sizes, names, take) : encoderWeights(stored, names, take);
  tensors.finish();
  if (pooling === 'mean') for (const [name, values] of poolingWeights(sizes)) weights.set(name, values);
  else if (head === 'none') leaveOutHead(sizes, weights);
  const info = opened.info(head === 'none' ? Array.from({ length: sizes.labels }, (_, channel) => `channel ${channel}`) : config.labels);
  const model = await createClassifier(
    {
      ...{ info, tokenizer, vocabulary: config.vocabularySize, program, weights, embeddings, positions: config.places },
      ...(pooling === 'first' && { gated: gatedPrograms(sizes, program.capacity, maxTokens) }),
    },
    backend,
  );
  onProgress?.({ status: 'ready', name: info.id });
  return model;
}

function bodyOf(sizes: EncoderSizes, names: BodyNames, take: TakeTensor): Map<string, Float32Array> {
  const writer = weightWriter(take);
  writeBody(writer, sizes, names);
  return writer.out;
}

export function tableSizes({ vocabularySize, positions, types }: EncoderConfig): TableSizes {
  return { vocabulary: vocabularySize, positions, types };
}

export function sizesOf({ architecture, ...config }: EncoderConfig, labels: number): EncoderSizes {
  const { layers, width, embeddingWidth, heads, hidden, activation, epsilon } = config;
  const { headActivation } = architecture;
  return { layers, width, embeddingWidth, heads, hidden, activation, headActivation, epsilon, labels };
}

/** The program with the largest capacity that the backend wants and its buffers allow; it takes a sequence of every allowed length. */
export function planProgram(make: (capacity: RowCounts) => Program, longest: number, { limits }: Backend): Program {
  for (let tokens = Math.max(limits.mostTokens, longest); ; tokens = Math.max(longest, tokens >> 1)) {
    // A sequence of a masked text has rarely fewer than four tokens; shorter ones only make for smaller chunks.
    const program = make({ tokens, tableRows: tokens, sequences: Math.ceil(tokens / 4) });
    const largest = program.buffers.reduce((a, b) => (bufferLength(b, program.capacity) > bufferLength(a, program.capacity) ? b : a));
    const bytes = 4 * bufferLength(largest, program.capacity);
    if (bytes <= limits.bufferBytes) return program;
    if (largest.kind === 'weight' || tokens === longest)
      throw new WebspexError(
        'unsupported-model',
        `model: expected buffers of at most ${limits.bufferBytes} bytes, got ${bytes} for ${largest.name}; use a smaller model`,
      );
  }
}

/** Hands out each tensor once, checked; `finish` complains about what nobody took, here or `elsewhere`, those that are `spare` apart. */
export function tensorTaker(tensors: ReadonlyMap<string, Tensor>, architecture: string, spare: readonly string[] = []) {
  const taken = new Set<string>();
  const find = (name: string, shape: readonly number[]): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new WebspexError('bad-file', `model.safetensors: expected tensor ${name}, got none; export the whole model`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((s, i) => s !== shape[i]))
      throw new WebspexError(
        'bad-file',
        `model.safetensors: expected ${name} of shape [${shape.join(', ')}], got [${tensor.shape.join(', ')}]; check config.json`,
      );
    if (taken.has(name)) throw new WebspexError('self-check', `model: expected to use ${name} once, got twice; please report it`);
    taken.add(name);
    return tensor;
  };
  return {
    has: (name: string) => tensors.has(name),
    /** A tensor as it is stored. */
    find,
    take(name: string, shape: readonly number[]): Float32Array {
      const tensor = find(name, shape);
      const scale = tensors.get(`${name}.scale`);
      if (tensor.dtype !== 'I8') return toFloat32(name, tensor);
      if (!scale)
        throw new WebspexError('bad-file', `model.safetensors: expected ${name}.scale beside int8 rows, got none; export it again`);
      taken.add(`${name}.scale`);
      return dequantiseRows(name, tensor, scale);
    },
    finish(elsewhere: readonly string[] = []): void {
      for (const name of elsewhere) for (const part of [name, `${name}.scale`]) taken.add(part);
      const left = [...tensors.keys()].filter((name) => !taken.has(name) && !IGNORED.test(name) && !spare.includes(name));
      if (left.length > 0)
        throw new WebspexError(
          'bad-file',
          `model.safetensors: expected no other tensors than a ${architecture}'s, got ${left.slice(0, 3).join(', ')}${left.length > 3 ? ` and ${left.length - 3} more` : ''}; check config.json`,
        );
    },
  };
}
