import type { Backend } from '../compute/backend.ts';
import { bufferLength, type Program, type RowCounts } from '../compute/program.ts';
import { throwIfAborted, WebspexError } from '../core/errors.ts';
import type { HeadKind } from './architectures/architecture.ts';
import { matrixOf, type StoredMatrix } from './causal/stored.ts';
import { createClassifier } from './classifier.ts';
import { type EncoderConfig, readConfig } from './config.ts';
import { type EncoderSizes, encoderProgram } from './encoder.ts';
import {
  type EncoderTensors,
  encoderWeights,
  expanded,
  leaveOutHead,
  type TableSizes,
  takeEmbeddings,
  weightWriter,
  withoutHead,
  writeBody,
} from './encoder-weights.ts';
import { gatedPrograms } from './gated.ts';
import { openGgufEncoder } from './gguf/encoder.ts';
import { type Manifest, readManifest, readVerified } from './manifest.ts';
import type { Model, ModelInfo, ModelSource, ProgressEvent, Tokenizer } from './model.ts';
import { pooledProgram, poolingWeights } from './pooled-encoder.ts';
import { type Pooling, readPooling } from './pooling.ts';
import { dequantiseRows, type Tensor, toFloat32 } from './safetensors.ts';
import { STORED, tensorMatrix, tensorTable } from './tensor-matrix.ts';
import { loadTokenizer } from './tokenizer.ts';
import { readWeights } from './weight-files.ts';

/** `stored`: as the file has them, where that is smaller than float32. */
export type Precision = 'stored' | 'float32';

export interface LoadOptions {
  /** Runs the forward passes; stays the caller's to destroy, after the model. */
  readonly backend: Backend;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
  /** `none`: features of the text come back in the place of logits, one for each channel: what the classifier would read; default `classifier`. */
  readonly head?: 'classifier' | 'none';
  /** How an encoder's matrices stay in memory, which changes no number: default as `precisionOn` says. */
  readonly weights?: Precision;
}

/** Buffers that old exports carry and that hold no weights. */
const IGNORED = /(^|\.)(position_ids|rotary_emb\.inv_freq|attn\.(masked_)?bias)$/;

/** An encoder's folder or file, its configuration and tokenizer read. */
export interface Opened {
  readonly config: EncoderConfig;
  readonly tokenizer: Tokenizer;
  /** Longest sequence, special tokens included. */
  readonly maxTokens: number;
  /** What stands for a text where nothing stands on the encoder. */
  readPooling(): Promise<Pooling>;
  /** The stored tensors, read now. `spare`: names that may be left over. */
  readTensors(spare?: readonly string[]): Promise<TakenTensors>;
  /** What the model says of itself, after `readTensors`. */
  info(labels: readonly string[]): ModelInfo;
}

/**
 * How matrices stay on a device: as stored, which costs WebAssembly nothing and GPUs a part of a tile's loads, except on a software adapter,
 * whose invocations share no tile and would expand every weight for eight rows at a time (a third more work with levels of eight bits).
 */
export function precisionOn({ info }: Backend): Precision {
  return info.backend === 'webgpu' && info.software ? 'float32' : 'stored';
}

/** @throws not-found, hash-mismatch, bad-file, unsupported-model, aborted. */
export async function openEncoder(
  source: ModelSource,
  { backend, onProgress, signal, weights = precisionOn(backend) }: LoadOptions,
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
  checkVocabulary(tokenizer, config, 'tokenizer.json');
  const architecture = config.architecture.classes[config.kind];
  const maxTokens = config.positions - config.places.first;
  let sha256 = '';
  return {
    config,
    tokenizer,
    maxTokens,
    readPooling: () =>
      readPooling(async (file) => {
        try {
          return manifest && !manifest.files.has(file) ? null : (await read(file)).bytes;
        } catch (error) {
          if (error instanceof WebspexError && error.code === 'not-found') return null;
          throw error;
        }
      }),
    async readTensors(spare) {
      const stored = await readWeights(read, manifest);
      throwIfAborted(signal);
      sha256 = stored.sha256;
      const taker = tensorTaker(stored.tensors, architecture, spare);
      return weights === 'float32' ? expanded(taker) : taker;
    },
    info: (labels) => infoOf({ manifest, source, sha256, backend, architecture, labels, config }),
  };
}

/** @throws bad-file where a tokenizer has tokens that the model has not. */
export function checkVocabulary({ vocabularySize }: Tokenizer, config: EncoderConfig, file: string): void {
  if (vocabularySize > config.vocabularySize)
    throw new WebspexError(
      'bad-file',
      `${file}: expected ids below vocab_size ${config.vocabularySize}, got ${vocabularySize}; use the model's own tokenizer`,
    );
}

/** What a model says of itself. */
export function infoOf({ manifest, source, backend, config, ...info }: InfoParts): ModelInfo {
  return {
    id: manifest?.id ?? source.id,
    revision: manifest?.revision ?? source.revision,
    ...info,
    dtype: backend.dtype ?? 'f32',
    maxTokens: config.positions - config.places.first,
  };
}

interface InfoParts extends Pick<ModelInfo, 'sha256' | 'architecture' | 'labels'> {
  readonly manifest: Manifest | null;
  readonly source: ModelSource;
  readonly backend: Backend;
  readonly config: EncoderConfig;
}

/**
 * Loads an encoder with a sequence classification head from a folder of config.json, tokenizer.json and model.safetensors (F32, F16, BF16, or int8 rows
 * with a `.scale` each; one file, or several and their index); a manifest.json there is enforced. With head `none` also one that never had any, whose
 * modules.json says what stands for a text, the mean of all its tokens' rows where there is none. A BERT's GGUF file named `file` has it all inside.
 * @throws not-found, hash-mismatch, bad-file naming the tensor, unsupported-model, aborted, and what the backend throws.
 */
export async function loadClassifier(source: ModelSource, options: LoadOptions, file?: string): Promise<Model> {
  const { backend, onProgress, head = 'classifier' } = options;
  const kinds: readonly HeadKind[] = head === 'none' ? ['classifier', 'plain'] : ['classifier'];
  const opened = await (file === undefined ? openEncoder(source, options, kinds) : openGgufEncoder(source, options, kinds, file));
  const { config, tokenizer, maxTokens } = opened;
  const pooling = config.kind === 'plain' ? await opened.readPooling() : 'first';
  if (pooling === 'first' && tokenizer.wrapping.before.length === 0)
    throw new WebspexError(
      'bad-file',
      `${file ?? 'tokenizer.json'}: expected a special token before the text, which the classifier reads, got none; use the model’s own tokenizer`,
    );
  const stored = sizesOf(config, config.labels.length);
  const sizes = head === 'none' ? withoutHead(stored) : stored;
  const make = pooling === 'mean' ? pooledProgram : encoderProgram;
  // What is too large is refused before its weights are read.
  const { capacity } = planProgram((rows) => make(sizes, rows), maxTokens, backend);
  const { prefix, names } = config.architecture;
  const found = await opened.readTensors(config.kind === 'plain' ? ['pooler.dense.weight', 'pooler.dense.bias'] : []);
  const plain = config.kind === 'plain' && found.has(names.word.slice(prefix.length + 1));
  const tensors = plain ? renamed(found, (name) => name.slice(prefix.length + 1)) : found;
  const embeddings = takeEmbeddings(sizes, tableSizes(config), names, tensors);
  const writer = config.kind === 'plain' ? weightWriter(tensors) : encoderWeights(stored, names, tensors);
  if (config.kind === 'plain') writeBody(writer, sizes, names);
  found.finish();
  if (pooling === 'mean') writer.add(poolingWeights(sizes));
  else if (head === 'none') leaveOutHead(sizes, writer);
  const { weights, types } = writer.made();
  const program = make(sizes, capacity, types);
  const info = opened.info(head === 'none' ? Array.from({ length: sizes.labels }, (_, channel) => `channel ${channel}`) : config.labels);
  const model = await createClassifier(
    {
      ...{ info, tokenizer, vocabulary: config.vocabularySize, program, weights, embeddings, positions: config.places },
      ...(pooling === 'first' && { gated: gatedPrograms(sizes, capacity, maxTokens, types) }),
    },
    backend,
  );
  onProgress?.({ status: 'ready', name: info.id });
  return model;
}

/** The same tensors under other names. */
function renamed({ take, matrix, table }: Required<EncoderTensors>, to: (name: string) => string): EncoderTensors {
  return {
    take: (name, shape) => take(to(name), shape),
    matrix: (name, rows, columns) => matrix(to(name), rows, columns),
    table: (name, rows, columns) => table(to(name), rows, columns),
  };
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

/** The tensors of an encoder, and what complains about those that nobody took. */
export interface TakenTensors extends Required<EncoderTensors> {
  has(name: string): boolean;
  finish(): void;
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
  /** The scales of int8 rows; undefined for other tensors. */
  const scaleOf = (name: string, { dtype }: Tensor): Tensor | undefined => {
    if (dtype !== 'I8') return undefined;
    const scale = tensors.get(`${name}.scale`);
    if (!scale) throw new WebspexError('bad-file', `model.safetensors: expected ${name}.scale beside int8 rows, got none; export it again`);
    taken.add(`${name}.scale`);
    return scale;
  };
  const take = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = find(name, shape);
    const scale = scaleOf(name, tensor);
    return scale ? dequantiseRows(name, tensor, scale) : toFloat32(name, tensor);
  };
  return {
    has: (name: string) => tensors.has(name),
    take,
    /** A matrix as it is stored, or with the rows of that in memory as its columns. */
    matrix(name: string, rows: number, columns: number, inputsFirst = false): StoredMatrix {
      if (inputsFirst) return matrixOf(take(name, [columns, rows]), rows, columns, STORED[tensors.get(name)?.dtype ?? ''], true);
      const tensor = find(name, [rows, columns]);
      return tensorMatrix(name, tensor, scaleOf(name, tensor));
    },
    table(name: string, rows: number, columns: number): StoredMatrix {
      const tensor = find(name, [rows, columns]);
      return tensorTable(name, tensor, scaleOf(name, tensor));
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
