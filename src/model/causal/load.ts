import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import { type LoadOptions, tensorTaker } from '../load.ts';
import { readManifest, readVerified } from '../manifest.ts';
import type { CausalModel, ModelSource } from '../model.ts';
import { readSafetensors } from '../safetensors.ts';
import { loadTokenizer } from '../tokenizer.ts';
import { createCausal } from './causal.ts';
import { isDecoderConfig, readDecoderConfig } from './config.ts';
import { decoderParts } from './parts.ts';

/** Whether a folder's config.json is that of a causal language model. @throws not-found, bad-file. */
export async function isCausal(source: ModelSource): Promise<boolean> {
  return isDecoderConfig(await source.read('config.json'));
}

/**
 * Loads a causal language model from a folder of config.json, tokenizer.json and model.safetensors; a manifest.json there is enforced.
 * @throws not-found, hash-mismatch, bad-file naming the tensor, unsupported-model, aborted, and what the backend throws.
 */
export async function loadCausal(source: ModelSource, { backend, onProgress, signal }: LoadOptions): Promise<CausalModel> {
  throwIfAborted(signal);
  const manifest = await readManifest(source);
  const read = async (file: string) => {
    throwIfAborted(signal);
    return readVerified(source, manifest, file, onProgress);
  };
  const config = readDecoderConfig((await read('config.json')).bytes);
  const tokenizer = loadTokenizer((await read('tokenizer.json')).bytes);
  const { vocabulary } = config.sizes;
  if (tokenizer.vocabularySize > vocabulary)
    throw new WebspexError(
      'bad-file',
      `tokenizer.json: expected ids below vocab_size ${vocabulary}, got ${tokenizer.vocabularySize}; use the model's own tokenizer`,
    );
  const file = await read('model.safetensors');
  const { name: architecture } = config.architecture;
  const tensors = tensorTaker(readSafetensors(file.bytes), architecture, config.tied ? ['lm_head.weight'] : []);
  const parts = decoderParts(config, tensors);
  tensors.finish();
  throwIfAborted(signal);
  const info = {
    id: manifest?.id ?? source.id,
    revision: manifest?.revision ?? source.revision,
    sha256: file.sha256,
    dtype: 'f32' as const,
    architecture,
    labels: [],
    maxTokens: config.maxTokens,
  };
  const model = await createCausal({ ...parts, info, tokenizer }, backend);
  onProgress?.({ status: 'ready', name: info.id });
  return model;
}
