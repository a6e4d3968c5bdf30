import type { Backend } from '../compute/backend.ts';
import { bufferLength, type Program } from '../compute/program.ts';
import { throwIfAborted, WebspexError } from '../core/errors.ts';
import { createClassifier } from './classifier.ts';
import { type EncoderConfig, readConfig } from './config.ts';
import { type EncoderSizes, encoderProgram } from './encoder.ts';
import { encoderWeights, leaveOutHead, takeEmbeddings, withoutHead } from './encoder-weights.ts';
import { gatedPrograms } from './gated.ts';
import { readManifest, readVerified } from './manifest.ts';
import type { Model, ModelSource, ProgressEvent } from './model.ts';
import { dequantiseRows, type Tensor, toFloat32 } from './safetensors.ts';
import { loadTokenizer } from './tokenizer.ts';
import { readWeights } from './weight-files.ts';

export interface LoadOptions {
  /** Runs the forward passes; stays the caller's to destroy, after the model. */
  readonly backend: Backend;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
  /** `none`: what the classifier would read comes back in the place of logits, one feature for each channel; default `classifier`. */
  readonly head?: 'classifier' | 'none';
}

/** Buffers that old exports carry and that hold no weights. */
const IGNORED = /(^|\.)(position_ids|rotary_emb\.inv_freq|attn\.(masked_)?bias)$/;

/**
 * Loads an encoder with a sequence classification head from a folder of config.json, tokenizer.json and model.safetensors (F32, F16, BF16, or int8 rows
 * with a `.scale` each; one file, or several and their index); a manifest.json there is enforced.
 * @throws not-found, hash-mismatch, bad-file naming the tensor, unsupported-model, aborted, and what the backend throws.
 */
export async function loadClassifier(
  source: ModelSource,
  { backend, onProgress, signal, head = 'classifier' }: LoadOptions,
): Promise<Model> {
  throwIfAborted(signal);
  const manifest = await readManifest(source);
  const read = async (file: string) => {
    throwIfAborted(signal);
    return readVerified(source, manifest, file, onProgress);
  };
  const config = readConfig((await read('config.json')).bytes);
  const tokenizer = loadTokenizer((await read('tokenizer.json')).bytes);
  if (tokenizer.vocabularySize > config.vocabularySize)
    throw new WebspexError(
      'bad-file',
      `tokenizer.json: expected ids below vocab_size ${config.vocabularySize}, got ${tokenizer.vocabularySize}; use the model's own tokenizer`,
    );
  if (tokenizer.wrapping.before.length === 0)
    throw new WebspexError(
      'bad-file',
      'tokenizer.json: expected a special token before the text, which the classifier reads, got none; use the model’s own tokenizer',
    );
  const classifier = sizesOf(config);
  const sizes = head === 'none' ? withoutHead(classifier) : classifier;
  const maxTokens = config.positions - config.places.first;
  const program = planProgram(sizes, maxTokens, backend);
  const stored = await readWeights(read, manifest);
  const { name: architecture, names } = config.architecture;
  const tensors = tensorTaker(stored.tensors, architecture);
  const tables = { vocabulary: config.vocabularySize, positions: config.positions, types: config.types };
  const embeddings = takeEmbeddings(sizes, tables, names, tensors.take);
  const weights = encoderWeights(classifier, names, tensors.take);
  tensors.finish();
  if (head === 'none') leaveOutHead(sizes, weights);
  throwIfAborted(signal);
  const info = {
    id: manifest?.id ?? source.id,
    revision: manifest?.revision ?? source.revision,
    sha256: stored.sha256,
    dtype: backend.dtype ?? 'f32',
    architecture,
    labels: head === 'none' ? Array.from({ length: sizes.labels }, (_, channel) => `channel ${channel}`) : config.labels,
    maxTokens,
  };
  const model = await createClassifier(
    {
      ...{ info, tokenizer, vocabulary: config.vocabularySize, program, weights, embeddings, positions: config.places },
      gated: gatedPrograms(sizes, program.capacity, maxTokens),
    },
    backend,
  );
  onProgress?.({ status: 'ready', name: info.id });
  return model;
}

function sizesOf({ labels, architecture, ...config }: EncoderConfig): EncoderSizes {
  const { layers, width, embeddingWidth, heads, hidden, activation, epsilon } = config;
  const { headActivation } = architecture;
  return { layers, width, embeddingWidth, heads, hidden, activation, headActivation, epsilon, labels: labels.length };
}

/** The program with the largest capacity that the backend wants and its buffers allow; it takes a sequence of every allowed length. */
function planProgram(sizes: EncoderSizes, longest: number, { limits }: Backend): Program {
  for (let tokens = Math.max(limits.mostTokens, longest); ; tokens = Math.max(longest, tokens >> 1)) {
    // A sequence of a masked text has rarely fewer than four tokens; shorter ones only make for smaller chunks.
    const program = encoderProgram(sizes, { tokens, tableRows: tokens, sequences: Math.ceil(tokens / 4) });
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
  return {
    has: (name: string) => tensors.has(name),
    take(name: string, shape: readonly number[]): Float32Array {
      const tensor = tensors.get(name);
      if (!tensor) throw new WebspexError('bad-file', `model.safetensors: expected tensor ${name}, got none; export the whole model`);
      if (tensor.shape.length !== shape.length || tensor.shape.some((s, i) => s !== shape[i]))
        throw new WebspexError(
          'bad-file',
          `model.safetensors: expected ${name} of shape [${shape.join(', ')}], got [${tensor.shape.join(', ')}]; check config.json`,
        );
      if (taken.has(name)) throw new WebspexError('self-check', `model: expected to use ${name} once, got twice; please report it`);
      taken.add(name);
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
