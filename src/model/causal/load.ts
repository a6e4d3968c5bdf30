import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import { wholeNumber } from '../gguf/fields.ts';
import { ggufModel } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { ggufTaker } from '../gguf/taker.ts';
import { ggufTokenizer } from '../gguf/tokenizer.ts';
import { type LoadOptions, tensorTaker } from '../load.ts';
import { idOf, type Manifest, readManifest, readVerified } from '../manifest.ts';
import type { CausalModel, ModelSource, Tokenizer } from '../model.ts';
import type { Tensor } from '../safetensors.ts';
import { STORED } from '../tensor-matrix.ts';
import { loadTokenizer } from '../tokenizer.ts';
import { readWeights } from '../weight-files.ts';
import { checkRoom, createCausal } from './causal.ts';
import { type ChatTemplate, ggufChatTemplate, readChatTemplate } from './chat.ts';
import { type DecoderConfig, decoderConfig, readDecoderConfig } from './config.ts';
import { decoderParts, type TensorSource } from './parts.ts';
import type { Storage } from './weights.ts';

/** A model as it lies in its files, of whatever format. */
interface Stored {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly pairing: Storage['pairing'];
  /** All tensors anew. */
  readonly openTensors: () => TensorSource;
  readonly sha256: string;
  readonly chat: () => Promise<ChatTemplate | null>;
}

/**
 * Loads a causal language model from a folder of config.json, tokenizer.json and model.safetensors (one file, or several and their index),
 * or from the GGUF file named `file` in it, which has all three inside; a manifest.json there is enforced.
 * @throws not-found, hash-mismatch, bad-file naming the tensor, unsupported-model, aborted, and what the backend throws.
 */
export async function loadCausal(source: ModelSource, options: LoadOptions, file?: string): Promise<CausalModel> {
  const { backend, onProgress, signal } = options;
  throwIfAborted(signal);
  const manifest = await readManifest(source);
  const read = async (name: string) => {
    throwIfAborted(signal);
    return readVerified(source, manifest, name, onProgress);
  };
  const check = ({ sizes, maxTokens }: DecoderConfig) => checkRoom(sizes, maxTokens, backend);
  const stored = file === undefined ? await readFolder(read, manifest, check) : await readOneFile(read, file);
  const { config, tokenizer, pairing, openTensors, sha256, chat } = stored;
  const { vocabulary } = config.sizes;
  if (tokenizer.vocabularySize > vocabulary)
    throw new WebspexError(
      'bad-file',
      `tokenizer: expected ids below the vocabulary's ${vocabulary}, got ${tokenizer.vocabularySize}; use the model's own tokenizer`,
    );
  const parts = decoderParts(config, openTensors, pairing);
  throwIfAborted(signal);
  const info = {
    id: manifest?.id ?? idOf(source, file),
    revision: manifest?.revision ?? source.revision,
    sha256,
    dtype: backend.dtype ?? 'f32',
    architecture: config.architecture.name,
    labels: [],
    maxTokens: config.maxTokens,
  };
  const model = await createCausal({ ...parts, info, tokenizer, chat }, backend);
  onProgress?.({ status: 'ready', name: info.id });
  return model;
}

type Read = (name: string) => Promise<{ bytes: Uint8Array; sha256: string }>;
/** Throws where a model of this configuration is more than can be run. */
type Check = (config: DecoderConfig) => void;

async function readFolder(read: Read, manifest: Manifest | null, check: Check): Promise<Stored> {
  const config = readDecoderConfig((await read('config.json')).bytes);
  check(config);
  const tokenizer = loadTokenizer((await read('tokenizer.json')).bytes);
  const { tensors, sha256 } = await readWeights(read, manifest);
  const openTensors = () => safetensorsTaker(tensors, config);
  const chat = async () =>
    readChatTemplate(await optional(read, manifest, 'tokenizer_config.json'), await optional(read, manifest, 'chat_template.jinja'));
  return { config, tokenizer, pairing: 'halves', openTensors, sha256, chat };
}

/** A file that need not be there. */
async function optional(read: Read, manifest: Manifest | null, file: string): Promise<Uint8Array | null> {
  if (manifest && !manifest.files.has(file)) return null;
  try {
    return (await read(file)).bytes;
  } catch (error) {
    if (error instanceof WebspexError && error.code === 'not-found') return null;
    throw error;
  }
}

function safetensorsTaker(tensors: ReadonlyMap<string, Tensor>, { architecture, tied }: DecoderConfig): TensorSource {
  const taker = tensorTaker(tensors, architecture.name, tied ? ['lm_head.weight'] : []);
  return { ...taker, typeOf: (name) => STORED[tensors.get(name)?.dtype ?? ''] ?? 'f32' };
}

async function readOneFile(read: Read, file: string): Promise<Stored> {
  const { bytes, sha256 } = await read(file);
  const gguf = readGguf(bytes);
  const { config: json, pairing, tensors } = ggufModel(gguf);
  const config = decoderConfig({ bos_token_id: wholeNumber(gguf.metadata, 'tokenizer.ggml.bos_token_id') ?? undefined, ...json });
  // Nothing else of the file is held on to.
  const named = new Map([...gguf.metadata].filter(([key]) => /^tokenizer\.(chat_template|ggml\.(tokens|\w+_token_id))$/.test(key)));
  const chat = async () => ggufChatTemplate(named);
  return {
    config,
    tokenizer: ggufTokenizer(gguf.metadata),
    pairing,
    openTensors: () => ggufTaker(file, tensors, config.architecture.name),
    sha256,
    chat,
  };
}
