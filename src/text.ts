export { EMBEDDED_MODEL } from './embedded.ts';
export {
  createExplainer,
  type DeviceChoice,
  type EvaluateOptions,
  type Explainer,
  type ExplainerOptions,
  explainer,
  type TextOptions,
} from './explain/explainer.ts';
export { type ConnectOptions, connectExplainer, type Endpoint, type RemoteExplainer, serveExplainer } from './explain/remote.ts';
export type { ModelInfo, ProgressEvent, Tokenizer } from './model/model.ts';
