export { banzhaf, faithBanzhaf } from './baselines/banzhaf.ts';
export { faithShap, kernelshap, shapleyMasks } from './baselines/kernelshap.ts';
export { kernelshapIq } from './baselines/kernelshap-iq.ts';
export { lasso } from './baselines/lasso.ts';
export { leaveOneOut, leaveOneOutMasks } from './baselines/leave-one-out.ts';
export { lime, limeMasks } from './baselines/lime.ts';
export { linear } from './baselines/linear.ts';
export { chainMasks, permutation } from './baselines/permutation.ts';
export { type ErrorCode, WebspexError } from './core/errors.ts';
export {
  allMasks,
  concatMasks,
  createMasks,
  isPresent,
  type Masks,
  masksFromRows,
  maskText,
  pickMasks,
  setPresent,
  sliceMasks,
  type ValueFunction,
} from './core/masks.ts';
export { pairedMasks } from './core/sample.ts';
export { type ComparedMethod, type CompareOptions, type Comparison, compareMethods } from './explain/compare.ts';
export type { Candidate, Explanation, FitReport, Interaction, InteractionIndex, Player, Structure } from './explain/document.ts';
export { explain } from './explain/explain.ts';
export { type EvaluationLog, type LoggedQuestion, questionHash } from './explain/log.ts';
export { methodIndex } from './explain/method-index.ts';
export { isGradedByFolds } from './explain/methods.ts';
export { explainObserved, type Observed, type ObservedOptions } from './explain/observed.ts';
export {
  AUDITED,
  type ExplainOptions,
  INDICES,
  METHODS,
  type Method,
  MIN_BUDGET,
  type RunProgress,
} from './explain/options.ts';
export { MOST_REMOVED, type RemovalCheck, type RemovalStep, verifyRemoval } from './explain/removal.ts';

export type { ExplainRun } from './explain/run.ts';
export { checkShapiqIndex, fromShapiq, type InteractionValues, type ShapiqFile, toShapiq } from './explain/shapiq.ts';
export {
  type Checked,
  type Corner,
  controlPair,
  corners,
  jointEffect,
  MOST_VERIFIED,
  predictRows,
  type Verification,
  verifyMembers,
} from './explain/verify.ts';
export { gp } from './gp/gp.ts';
export { type Observations, readObservations } from './lens/data/observations.ts';
export type { DeviceInfo } from './model/model.ts';
export { proxyspex } from './proxyspex/proxyspex.ts';
export { pursuit } from './pursuit/pursuit.ts';
export { faithfulness } from './spectrum/faithfulness.ts';
export { fwht, fwhtRows, spectrumOfTable } from './spectrum/fwht.ts';
export { toInteractions } from './spectrum/indices.ts';
export { mostMoving, type Removal } from './spectrum/removal.ts';
export {
  type DecodeOptions,
  type Decoder,
  degrees,
  evaluateSpectrum,
  type Fit,
  membersOf,
  type Spectrum,
  spectrumFromTerms,
} from './spectrum/spectrum.ts';
export { structureOf } from './spectrum/structure.ts';
export type { BatchTransform } from './spex/bins.ts';
export { planSpex, type SpexPlan, type SpexPlanOptions, type Stage as SpexStage, spexQueries } from './spex/plan.ts';
export { type SpexOptions, spex } from './spex/spex.ts';
export { VERSION } from './version.ts';
export { toCsv, toHtml, toSvg } from './view/report.ts';
