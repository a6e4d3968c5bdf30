import { throwIfAborted } from '../../core/errors.ts';
import type { HeadKind } from '../architectures/architecture.ts';
import { BERT } from '../architectures/bert.ts';
import { encoderConfig } from '../config.ts';
import { expanded } from '../encoder-weights.ts';
import { shown } from '../json.ts';
import { checkVocabulary, infoOf, type LoadOptions, type Opened, precisionOn } from '../load.ts';
import { idOf, readManifest, readVerified } from '../manifest.ts';
import type { ModelSource } from '../model.ts';
import type { Pooling } from '../pooling.ts';
import { type Metadata, unsupported, wholeNumber } from './fields.ts';
import { ggufModel, standsOn } from './model.ts';
import { type Gguf, ggufArchitecture, readGguf } from './read.ts';
import { ggufTaker } from './taker.ts';
import { ggufTokenizer } from './tokenizer.ts';

/** `bert.pooling_type` as llama.cpp numbers it; nothing said, or none, is the mean. */
const POOLINGS: Readonly<Record<number, Pooling>> = { 0: 'mean', 1: 'mean', 2: 'first' };

/** What an encoder's GGUF file is for; null where the architecture is another. @throws bad-file. */
export function ggufHeadKind(bytes: Uint8Array): 'classifier' | 'plain' | null {
  return ggufArchitecture(bytes) === 'bert' ? standsOn(readGguf(bytes).tensors) : null;
}

/**
 * As `openEncoder`, of a GGUF file of a BERT with its WordPiece tokenizer inside: sentence embeddings, or a classifier where both linear maps
 * of its head are there. @throws as it does, naming the key or tensor.
 */
export async function openGgufEncoder(
  source: ModelSource,
  { backend, onProgress, signal, weights = precisionOn(backend) }: LoadOptions,
  kinds: readonly HeadKind[],
  file: string,
): Promise<Opened> {
  throwIfAborted(signal);
  const manifest = await readManifest(source);
  throwIfAborted(signal);
  const { bytes, sha256 } = await readVerified(source, manifest, file, onProgress);
  const gguf = readGguf(bytes);
  checkKind(gguf, kinds);
  const { config: json, tensors } = ggufModel(gguf);
  const read = encoderConfig({ ...json, type_vocab_size: json.type_vocab_size ?? 1 }, kinds);
  // A DistilBERT's file has the same names without token types.
  const typed = tensors.has(BERT.names.type ?? '');
  const config = typed ? read : { ...read, types: 0, architecture: { ...BERT, names: { ...BERT.names, type: null } } };
  const tokenizer = ggufTokenizer(gguf.metadata);
  checkVocabulary(tokenizer, config, file);
  const architecture = config.architecture.classes[config.kind];
  return {
    config,
    tokenizer,
    maxTokens: config.positions,
    readPooling: async () => poolingOf(gguf.metadata),
    async readTensors() {
      const taker = ggufTaker(file, tensors, architecture);
      const unused = ['bert.pooler.dense', 'classifier'].flatMap((name) => [`${name}.weight`, `${name}.bias`]);
      const finish = () => taker.finish(config.kind === 'plain' ? unused : []);
      return weights === 'float32' ? expanded({ ...taker, finish }) : { ...taker, finish };
    },
    info: (labels) => infoOf({ manifest, source: { ...source, id: idOf(source, file) }, sha256, backend, architecture, labels, config }),
  };
}

/** @throws unsupported-model. */
function checkKind({ metadata, tensors }: Gguf, kinds: readonly HeadKind[]): void {
  const architecture = metadata.get('general.architecture');
  if (architecture !== 'bert')
    unsupported(`general.architecture: expected bert for an encoder, got ${shown(architecture)}; use such a file`);
  const model = metadata.get('tokenizer.ggml.model');
  if (model !== 'bert') unsupported(`tokenizer.ggml.model: expected bert for an encoder, got ${shown(model)}; use the model's folder`);
  if (kinds.includes('plain')) return;
  for (const tensor of ['cls.weight', 'cls.output.weight', 'token_types.weight'])
    if (!tensors.has(tensor))
      unsupported(`tensor ${tensor}: expected it in a classifier, got none; use the model's folder, or its features alone`);
}

/** @throws unsupported-model; bad-file. */
function poolingOf(metadata: Metadata): Pooling {
  const given = wholeNumber(metadata, 'bert.pooling_type') ?? 0;
  return POOLINGS[given] ?? unsupported(`bert.pooling_type: expected 0, 1 or 2 (mean or first token), got ${given}; use another model`);
}
