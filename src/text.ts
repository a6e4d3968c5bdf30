export { EMBEDDED_MODEL } from './embedded.ts';
export {
  createExplainer,
  type Described,
  type DeviceChoice,
  DTYPE_CHOICES,
  type DtypeChoice,
  type EvaluateOptions,
  type Explainer,
  type ExplainerOptions,
  explainer,
  type ModelParts,
  type ModelPlace,
  TASKS,
  type Task,
  type TextOptions,
} from './explain/explainer.ts';
export { COSINE } from './explain/prepare.ts';
export { type ConnectOptions, connectExplainer, type Endpoint, type RemoteExplainer, serveExplainer } from './explain/remote.ts';
export type { Learnable, WordPrior } from './explain/word-prior.ts';
export type { Chat } from './lens/text/chat.ts';
export { type Lock, parseLock } from './lens/text/lock.ts';
export { parseMaskRule } from './lens/text/masking.ts';
export { parseUnits, splitPlayers, type TextPlayers, type Units } from './lens/text/players.ts';
export { SCALARS, type Scalar } from './lens/text/value-function.ts';
export { LEAST_TEXTS } from './lens/text/word-prior.ts';
export { loadCausal } from './model/causal/load.ts';
export { dequantise, type GgufTensor, type GgufType } from './model/gguf/blocks.ts';
export { type GgufModel, type GgufModelTensor, ggufModel } from './model/gguf/model.ts';
export { type Gguf, readGguf } from './model/gguf/read.ts';
export { ggufTokenizer } from './model/gguf/tokenizer.ts';
export { env, type HubEnv } from './model/hub/env.ts';
export { type HubOptions, isHubId } from './model/hub/hub.ts';
export { openHub, openModel } from './model/hub/source.ts';
export { defaultCacheFolder } from './model/hub/store.ts';
export { loadClassifier } from './model/load.ts';
export { readManifest, readVerified, sha256Hex } from './model/manifest.ts';
export { loadMasked } from './model/masked.ts';
export type { CausalModel, DeviceInfo, MaskedModel, Model, ModelInfo, ModelSource, ProgressEvent, Tokenizer } from './model/model.ts';
export { openSource } from './model/source.ts';
