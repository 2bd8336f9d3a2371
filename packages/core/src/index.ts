// What most programs call. The rest stands in the entries of `entries/`, each for another kind of user; docs/api.md tells which.
export {
  type Analysis,
  type Explanation,
  explain,
  type FrozenGroup,
  type Group,
  type GroupKind,
  type NeuronGroup,
  type NeuronKind,
  type WholeGroup,
  type WholeKind,
} from '@snp/graph';
export { costOf, type Model, type ModelCost, SnpError, type SnpErrorCode } from '@snp/onnx';
export { ANSWER_KINDS, type AnswerKind } from '@snp/runtime';
export { type Criterion, criterionByName, criterionNames } from '@snp/score';
export type { EffectCheck, Planning } from './allocation/allocation.js';
export type { CostBudget } from './allocation/budget.js';
export type { LatencyBudget, LatencySource } from './allocation/latency.js';
export type { LatencyOutcome } from './allocation/meetLatency.js';
export { type PresetName, presets } from './allocation/presets.js';
export type { PrunedCompanion } from './companions/companion.js';
export { COMPENSATION_KINDS, type CompensationKind } from './compensation/methods.js';
export { prepare } from './context/prepare.js';
export type { OnProgress, Progress, Step } from './context/progress.js';
export { type Comparison, compare, type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.js';
export type { CommonFidelity, EmbeddingFidelity, Fidelity, Interval, ScoreFidelity } from './evaluate/fidelity.js';
export type { LatencyRatio } from './evaluate/latencyRatio.js';
export type { Perplexity } from './evaluate/perplexity.js';
export type { Continuation, Passage } from './generate/compareContinuations.js';
export { type ContinueOptions, continueGreedily } from './generate/continueGreedily.js';
export { type ApplyOptions, apply } from './pipeline/apply.js';
export { type CalibrateModelOptions, calibrateModel } from './pipeline/calibrateModel.js';
export { type PruneOptions, prune } from './pipeline/prune.js';
export type { PruneResult } from './pipeline/pruneResult.js';
export type { Tuned, Tuner } from './pipeline/tuned.js';
export type { GroupPlan, Plan } from './plan/plan.js';
export type { Recipe, TuningRecipe } from './plan/recipe.js';
export type { RemovedSlice } from './plan/removedSlices.js';
export type { Ratios } from './plan/widths.js';
export type { Plugin } from './plugin/plugin.js';
export { renderReport } from './report/html/renderReport.js';
export type { CostReport, GroupReport, LimitReport, NewForm, PruneReport } from './report/report.js';
export type { TuningFigures, TuningReport } from './report/tuningReport.js';
export { addStatistics, type CalibrationStatistics } from './statistics/statistics.js';
export { loadStatistics, saveStatistics } from './statistics/statisticsFile.js';
export { renderSweep } from './sweep/renderSweep.js';
export { type SweepOptions, type SweepPoint, sweep } from './sweep/sweep.js';
export type { Verification } from './verify/proof.js';
export { VERIFY_DEFAULTS, type VerifyOptions, verify } from './verify/verify.js';
export { VERSION } from './version.js';
export { type KeepVocabularyOptions, type KeptVocabulary, keepVocabulary } from './vocabulary/keepVocabulary.js';
