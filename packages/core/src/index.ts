export {
  type Analysis,
  analyze,
  type Block,
  type FrozenGroup,
  type Group,
  type GroupKind,
  type Member,
  type Site,
} from '@snp/graph';
export { costOf, type Model, type ModelCost, SnpError, type SnpErrorCode } from '@snp/onnx';
export {
  activation,
  type Criterion,
  criterionByName,
  criterionNames,
  l1,
  l2,
  random,
  type ScoreContext,
  type Statistics,
  snp,
} from '@snp/score';
export { type Comparison, compare, type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.js';
export { type Fidelity, FidelityMeter } from './evaluate/fidelity.js';
export { prepare } from './pipeline/prepare.js';
export type { OnProgress, Progress, Step } from './pipeline/progress.js';
export { type PruneOptions, type PruneResult, prune } from './pipeline/prune.js';
export { type Target, targetWidths } from './pipeline/target.js';
export { budgetWidths, type CostBudget } from './plan/budget.js';
export { fingerprint } from './plan/fingerprint.js';
export { checkPlan, emptyPlan, type GroupPlan, type Plan, removedUnits } from './plan/plan.js';
export { type Cost, planCost } from './plan/planCost.js';
export { type BlockWidths, type Preset, type PresetName, presets, presetWidths } from './plan/presets.js';
export { selectUnits } from './plan/selectUnits.js';
export { keptWidth, laneWidth, type Ratios, type RoundOptions, ratioWidths, type Widths } from './plan/widths.js';
export { type PairMoments, pairMoments } from './recovery/pairMoments.js';
export { type Prediction, predictMeans, predictRemoved, RIDGE } from './recovery/predictRemoved.js';
export { type RecoveryKind, type RecoveryOutcomes, recover } from './recovery/recover.js';
export { type SecondMoments, secondMoments } from './recovery/secondMoments.js';
export { costPerBlock } from './report/costReport.js';
export { renderReport } from './report/html/renderReport.js';
export { removedSlices } from './report/removedSlices.js';
export type { CostReport, GroupReport, PruneReport, RemovedSlice } from './report/report.js';
export { applyPlan } from './surgery/applyPlan.js';
export { maskedModel } from './verify/maskedModel.js';
export { VERIFY_DEFAULTS, type Verification, type VerifyOptions, verify } from './verify/verify.js';
