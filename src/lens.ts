export { ABLATIONS, type Ablation, type ComponentQuestion } from './explain/components.ts';
export { createExplainer } from './explain/explainer.ts';
export type { TrainingQuestion } from './explain/training.ts';
export { type CausalComponentQuestion, causalComponentFunction } from './lens/components/causal-value.ts';
export { maskGates } from './lens/components/gates.ts';
export { COMPONENT_LENSES, type ComponentLens, type ComponentPlayers, componentPlayers } from './lens/components/players.ts';
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
export { type Example, encodeTexts, labelsOfExamples, parseExamples } from './lens/examples.ts';
export { loadClassifier } from './model/load.ts';
export type { Components, Gates, Model } from './model/model.ts';
export { openSource } from './model/source.ts';
