export {
  type Analysis,
  analyze,
  type Block,
  type Branch,
  type BranchKind,
  type Explanation,
  explain,
  type FrozenGroup,
  type Group,
  type GroupKind,
  type HeadPart,
  type HeadSet,
  type Member,
  type Site,
  unitGroups,
} from '@snp/graph';
export { costOf, type Model, type ModelCost, type Node, SnpError, type SnpErrorCode, type Value } from '@snp/onnx';
export { type GramAxes, gramTap, type Tap, TapBuilder } from '@snp/runtime';
export {
  type Accumulator,
  activation,
  addOverSlices,
  type Criterion,
  criterionByName,
  criterionNames,
  l1,
  l2,
  momentsStatistic,
  projections,
  type RowKernels,
  random,
  type ScoreContext,
  type StatisticRequest,
  type Statistics,
  snp,
  type UnitMoments,
  unitRows,
} from '@snp/score';
export { Algebra } from './algebra/algebra.js';
export { type Covariance, covarianceOf } from './algebra/covariance.js';
export { type Elimination, eliminate } from './algebra/eliminate.js';
export { eliminateParts } from './algebra/eliminateParts.js';
export { RIDGE } from './algebra/ridge.js';
export type { AnswerOptions } from './evaluate/answers.js';
export { compareModels } from './evaluate/compareModels.js';
export { type Comparison, compare, type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.js';
export { type Fidelity, FidelityMeter } from './evaluate/fidelity.js';
export {
  LATENCY_DEFAULTS,
  type LatencyRatio,
  type LatencyRatioOptions,
  latencyRatio,
} from './evaluate/latencyRatio.js';
export { changedOnReading } from './obstacles/changedOnReading.js';
export type { Obstacle } from './obstacles/obstacle.js';
export { obstaclesOf } from './obstacles/obstacles.js';
export { type CalibrateOptions, calibrate } from './pipeline/calibrate.js';
export { holdBack } from './pipeline/holdBack.js';
export type { LatencyOutcome } from './pipeline/meetLatency.js';
export { prepare } from './pipeline/prepare.js';
export type { OnProgress, Progress, Step } from './pipeline/progress.js';
export { type PruneOptions, type PruneResult, prune } from './pipeline/prune.js';
export { type Target, targetWidths } from './pipeline/target.js';
export { anyUnits } from './plan/anyUnits.js';
export { budgetWidths, type CostBudget, type EvenOptions, type Excess, evenWidths } from './plan/budget.js';
export { type Cost, CostModel } from './plan/costModel.js';
export { type Coverage, coverageOf } from './plan/coverage.js';
export { fingerprint } from './plan/fingerprint.js';
export type { LatencyBudget, LatencyModel, LatencySource, LatencySourceOptions } from './plan/latency.js';
export { checkPlan, emptyPlan, type GroupPlan, type Plan, removedUnits } from './plan/plan.js';
export { planCost } from './plan/planCost.js';
export { type BlockWidths, type Preset, type PresetName, presets, presetWidths, takesHeads } from './plan/presets.js';
export { staysByNature } from './plan/prunable.js';
export { ratioWidths } from './plan/ratioWidths.js';
export { selectUnits } from './plan/selectUnits.js';
export { type SizedNode, sizedNodes } from './plan/sizedNodes.js';
export { keptWidth, laneWidth, type Ratios, type RoundOptions, type Widths } from './plan/widths.js';
export { type Allocatable, allocate } from './planner/allocate.js';
export { type DamageCurve, damageCurves } from './planner/damage.js';
export {
  EFFECT_SAMPLES,
  type Effect,
  type Effects,
  type MeasureEffectsOptions,
  measureEffects,
} from './planner/effects.js';
export {
  LEAST_SHARE,
  type LeastShares,
  type Planned,
  type PlannedUnits,
  Planner,
  type PlannerOptions,
  type TradeOffPoint,
} from './planner/planner.js';
export { type CriterionDefinition, defineCriterion, type StatisticsOf } from './plugin/defineCriterion.js';
export { definePlugin } from './plugin/definePlugin.js';
export { type FindUnitsOptions, type FoundUnits, findUnits } from './plugin/findUnits.js';
export { PLUGIN_TIMEOUT } from './plugin/foreignCalls.js';
export { PLUGIN_CONTRACT, type Plugin } from './plugin/plugin.js';
export { sensitivity } from './plugin/sensitivity.js';
export { asUnits, type Cut, joinUnits, UNIT_KINDS, type UnitGroup } from './plugin/unitGroup.js';
export type { RecoveryMethod } from './recovery/method.js';
export { type PairSpectrum, pairSpectrum } from './recovery/pairSpectrum.js';
export { queryMixture } from './recovery/queryMixture.js';
export { Recovery, type RecoveryKind, type RecoveryOptions, type RecoveryOutcomes } from './recovery/recovery.js';
export { type Refit, type RefitOptions, refitKept, refitMixed } from './recovery/refit.js';
export { type ValueSpectrum, valueSpectrum } from './recovery/valueSpectrum.js';
export { costPerBlock } from './report/costReport.js';
export { renderReport } from './report/html/renderReport.js';
export { removedSlices } from './report/removedSlices.js';
export type {
  CostReport,
  GroupReport,
  LimitReport,
  NewForm,
  Planning,
  PruneReport,
  RemovedSlice,
} from './report/report.js';
export type { CrossMoments } from './statistics/crossMoments.js';
export {
  type Assignment,
  type Gathered,
  type GatherOptions,
  gatherStatistics,
} from './statistics/gatherStatistics.js';
export type { MomentsRequest } from './statistics/momentsRequest.js';
export { type PairMoments, pairMoments } from './statistics/pairMoments.js';
export { type SecondMoments, type SecondMomentsOptions, secondMoments } from './statistics/secondMoments.js';
export {
  addStatistics,
  type CalibrationStatistics,
  type GroupMoments,
  modelContent,
  type OutputSums,
} from './statistics/statistics.js';
export { loadStatistics, saveStatistics } from './statistics/statisticsFile.js';
export type { StreamMoments } from './statistics/streamMoments.js';
export { applyPlan } from './surgery/applyPlan.js';
export { renderSweep } from './sweep/renderSweep.js';
export { checkBudgets, type SweepOptions, type SweepPoint, sweep } from './sweep/sweep.js';
export { CacheForms } from './verify/cacheForms.js';
export { type FindInputsOptions, type FoundInputs, findInputs } from './verify/inputs/findInputs.js';
export { type FreeSizesOptions, freeNames, freeSizes } from './verify/inputs/freeSizes.js';
export { type InputsForOptions, inputsFor } from './verify/inputs/inputsFor.js';
export { type Fill, type RandomFeedsOptions, randomFeeds } from './verify/inputs/randomFeeds.js';
export { maskedModel } from './verify/maskedModel.js';
export type { Verification } from './verify/proof.js';
export { VERIFY_DEFAULTS, type VerifyOptions, verify } from './verify/verify.js';
