export { type Bill, billServed } from './explain/bill.ts';
export { ABLATIONS, type Ablation, type ComponentQuestion } from './explain/components.ts';
export { createExplainer } from './explain/explainer.ts';
export { type OnnxExplainerOptions, onnxExplainer } from './explain/onnx.ts';
export { type PipelineOptions, pipelineExplainer } from './explain/pipeline.ts';
export { type ServedExplainer, type ServerOptions, servedExplainer, serverUrls } from './explain/served.ts';
export type { TrainingQuestion } from './explain/training.ts';
export { CAUSAL_SET_SCALARS, type CausalSetScalar, causalSet } from './lens/components/causal-set.ts';
export { type CausalComponentQuestion, causalComponentFunction, type ScoredTexts } from './lens/components/causal-value.ts';
export { maskGates } from './lens/components/gates.ts';
export { COMPONENT_LENSES, type ComponentLens, type ComponentPlayers, componentPlayers, parseLayers } from './lens/components/players.ts';
export { type ComponentQuestion as ComponentValue, componentValueFunction, type SetScalar } from './lens/components/value-function.ts';
export { DEFAULT_TEMPLATE, type FewShotPrompt, fewShotPrompt } from './lens/data/in-context.ts';
export { type Influences, influencedMargins, influencesOf } from './lens/data/influence.ts';
export { createLogisticTrainer, type LabelledFeatures, type LogisticOptions, type LogisticTrainer } from './lens/data/logistic.ts';
export {
  DATA_SCALARS,
  type DataScalar,
  embedTexts,
  RETRAININGS,
  type Retraining,
  type TrainingDataLens,
  type TrainingDataOptions,
  trainingDataLens,
} from './lens/data/training-data.ts';
export { type Example, encodeTexts, labelsOfExamples, parseExamples, parseTexts } from './lens/examples.ts';
export { type ColumnsOptions, columnsInput, type Table } from './lens/onnx/columns.ts';
export { readTable } from './lens/onnx/csv.ts';
export type { Cell } from './lens/onnx/elements.ts';
export { type InputLens, type MaskedInput, type MaskedTensor, maskedScores } from './lens/onnx/masked.ts';
export { type OnnxModel, type OnnxOptions, openOnnx, type Slot } from './lens/onnx/model.ts';
export { PATCH_FILLS, type PatchesOptions, type PatchFill, type PixelScale, patchesInput } from './lens/onnx/patches.ts';
export type { Picture } from './lens/onnx/picture.ts';
export { readLabelMap, readPng } from './lens/onnx/png.ts';
export type { OnnxRuntime } from './lens/onnx/runtime.ts';
export { openTextSide, type TextSide } from './lens/onnx/text.ts';
export { readWav } from './lens/onnx/wav.ts';
export { type Sound, WINDOW_FILLS, type WindowFill, type WindowsOptions, windowsInput } from './lens/onnx/windows.ts';
export type { PipelineLike } from './lens/pipeline/pipeline.ts';
export { SCORE_KINDS, type ScoreKind, type ScoreScalar } from './lens/scores.ts';
export { type AskedWay, SERVED_WAYS, type ServedWay } from './lens/served/protocol.ts';
export { loadClassifier } from './model/load.ts';
export type { Components, Gates, Model } from './model/model.ts';
export { openSource } from './model/source.ts';
