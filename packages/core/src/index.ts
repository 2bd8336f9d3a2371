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
export { type AllocateOptions, allocate } from './allocation/allocate.js';
export { type AllocateEvenlyOptions, allocateEvenly } from './allocation/allocateEvenly.js';
export type { Allocation, Planning } from './allocation/allocation.js';
export { budgetWidths, type CostBudget, type EvenOptions, type Excess, evenWidths } from './allocation/budget.js';
export { type Allocatable, leastDivergenceWidths } from './allocation/lagrangian.js';
export type { LatencyBudget, LatencyModel, LatencySource, LatencySourceOptions } from './allocation/latency.js';
export type { LatencyOutcome } from './allocation/meetLatency.js';
export {
  LEAST_SHARE,
  type LeastShares,
  type Planned,
  type PlannedUnits,
  Planner,
  type PlannerOptions,
  type TradeOffPoint,
} from './allocation/planner.js';
export {
  type BlockWidths,
  type Preset,
  type PresetName,
  presets,
  presetWidths,
  takesHeads,
} from './allocation/presets.js';
export { ratioWidths } from './allocation/ratioWidths.js';
export { type Target, targetWidths } from './allocation/target.js';
export { calibrate } from './calibration/calibrate.js';
export {
  type Assignment,
  type Gathered,
  type GatherOptions,
  gatherStatistics,
} from './calibration/gatherStatistics.js';
export type { MomentsRequest } from './calibration/momentsRequest.js';
export { pairMoments } from './calibration/pairMoments.js';
export { type SecondMomentsOptions, secondMoments } from './calibration/secondMoments.js';
export { type Compensated, type CompensationOutcomes, compensate } from './compensation/compensate.js';
export type { Compensation } from './compensation/compensation.js';
export { COMPENSATION_KINDS, type CompensationKind, requestsFor } from './compensation/methods.js';
export { type PairSpectrum, pairSpectrum } from './compensation/pairSpectrum.js';
export { queryMixture } from './compensation/queryMixture.js';
export { type Refit, type RefitOptions, refitKept, refitMixed } from './compensation/refit.js';
export { type Compensations, type SolveOptions, solveCompensation } from './compensation/solve.js';
export { unitCompensations } from './compensation/unitCompensations.js';
export { type ValueSpectrum, valueSpectrum } from './compensation/valueSpectrum.js';
export type { Clock } from './context/clock.js';
export type { Context } from './context/context.js';
export { type OpenContext, type OpenOptions, open } from './context/open.js';
export { prepare } from './context/prepare.js';
export type { OnProgress, Progress, Step } from './context/progress.js';
export { correctBias } from './correction/correctBias.js';
export { type Cost, CostModel } from './cost/costModel.js';
export { type Coverage, coverageOf } from './cost/coverage.js';
export { planCost } from './cost/planCost.js';
export { type SizedNode, sizedNodes } from './cost/sizedNodes.js';
export type { FingerprintedData } from './data/fingerprinted.js';
export { holdBack } from './data/holdBack.js';
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
export type { Weights } from './layers/weights.js';
export { changedOnReading } from './obstacles/changedOnReading.js';
export type { Obstacle } from './obstacles/obstacle.js';
export { obstaclesOf } from './obstacles/obstacles.js';
export { staysByNature } from './obstacles/prunable.js';
export { type ApplyOptions, apply } from './pipeline/apply.js';
export { type CalibrateModelOptions, calibrateModel } from './pipeline/calibrateModel.js';
export { type PruneOptions, type PruneResult, prune } from './pipeline/prune.js';
export { anyUnits } from './plan/anyUnits.js';
export type { ChosenWidths } from './plan/chosenWidths.js';
export { fingerprint } from './plan/fingerprint.js';
export type { LeavingUnits } from './plan/leavingUnits.js';
export { checkPlan, emptyPlan, type GroupPlan, type Plan, removedUnits } from './plan/plan.js';
export type { DataOfRecipe, Recipe } from './plan/recipe.js';
export { type RemovedSlice, removedSlices } from './plan/removedSlices.js';
export { keptWidth, laneWidth, type Ratios, type RoundOptions, type Widths } from './plan/widths.js';
export { type CriterionDefinition, defineCriterion, type StatisticsOf } from './plugin/defineCriterion.js';
export { definePlugin } from './plugin/definePlugin.js';
export { type FindUnitsOptions, type FoundUnits, findUnits } from './plugin/findUnits.js';
export { type CallLimits, PLUGIN_TIMEOUT } from './plugin/foreignCalls.js';
export { PLUGIN_CONTRACT, type Plugin } from './plugin/plugin.js';
export { sensitivity } from './plugin/sensitivity.js';
export { asUnits, type Cut, joinUnits, UNIT_KINDS, type UnitGroup } from './plugin/unitGroup.js';
export { reconstruct } from './reconstruction/reconstruct.js';
export { costPerBlock } from './report/costReport.js';
export { renderReport } from './report/html/renderReport.js';
export type { CostReport, GroupReport, LimitReport, NewForm, PruneReport } from './report/report.js';
export type { Scores } from './selection/score.js';
export { type Selection, type SelectOptions, select } from './selection/select.js';
export { selectUnits } from './selection/selectUnits.js';
export { type TakenUnits, type TakeUnitsOptions, takeUnits } from './selection/takeUnits.js';
export { type EstimateSensitivityOptions, estimateSensitivity } from './sensitivity/estimateSensitivity.js';
export { type DivergenceCurve, expectedDivergences } from './sensitivity/expectedDivergence.js';
export { SENSITIVITY_SAMPLES } from './sensitivity/measureSensitivity.js';
export type { CrossMoments, GroupMoments, PairMoments, SecondMoments, StreamMoments } from './statistics/moments.js';
export type { CalibrationRequests } from './statistics/requests.js';
export type { Sensitivity, SensitivityPoint } from './statistics/sensitivity.js';
export {
  addStatistics,
  type CalibrationStatistics,
  modelContent,
  type OutputSums,
} from './statistics/statistics.js';
export { loadStatistics, saveStatistics } from './statistics/statisticsFile.js';
export { applyPlan } from './surgery/applyPlan.js';
export { renderSweep } from './sweep/renderSweep.js';
export { checkBudgets, type SweepOptions, type SweepPoint, sweep } from './sweep/sweep.js';
export { CacheForms } from './verify/cacheForms.js';
export { type FindInputsOptions, type FoundInputs, findInputs } from './verify/inputs/findInputs.js';
export { type FreeSizesOptions, freeNames, freeSizes } from './verify/inputs/freeSizes.js';
export { type InputsForOptions, inputsFor } from './verify/inputs/inputsFor.js';
export { type Fill, type RandomFeedsOptions, randomFeeds } from './verify/inputs/randomFeeds.js';
export { maskedModel } from './verify/maskedModel.js';
export type { Proof, ProofOptions, Verification } from './verify/proof.js';
export { VERIFY_DEFAULTS, type VerifyOptions, verify } from './verify/verify.js';
export { VERSION } from './version.js';
