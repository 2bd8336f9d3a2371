// `@snp/core/planning`: what of a model can be pruned, what it costs at any widths, and how budgets, ratios and presets become widths and plans.
export type { Analysis, Group, GroupKind } from '@snp/graph';
export {
  budgetWidths,
  type CostBudget,
  type EvenOptions,
  type Excess,
  evenWidths,
} from '../allocation/budget.js';
export { type Allocatable, leastDivergenceWidths } from '../allocation/lagrangian.js';
export type { LatencyBudget, LatencyModel, LatencySource, LatencySourceOptions } from '../allocation/latency.js';
export {
  LEAST_SHARE,
  type LeastShares,
  type Planned,
  type PlannedUnits,
  Planner,
  type PlannerOptions,
  type TradeOffPoint,
} from '../allocation/planner.js';
export {
  type BlockWidths,
  type Preset,
  type PresetName,
  presets,
  presetWidths,
  takesHeads,
} from '../allocation/presets.js';
export { ratioWidths } from '../allocation/ratioWidths.js';
export { type Target, targetWidths } from '../allocation/target.js';
export { type CostByPart, costByPart } from '../cost/costByPart.js';
export { type Cost, CostModel } from '../cost/costModel.js';
export { type Coverage, coverageOf } from '../cost/coverage.js';
export { planCost } from '../cost/planCost.js';
export { type SizedNode, sizedNodes } from '../cost/sizedNodes.js';
export type { LatencyRatio } from '../evaluate/latencyRatio.js';
export { changedOnReading } from '../obstacles/changedOnReading.js';
export type { Obstacle } from '../obstacles/obstacle.js';
export { obstaclesOf } from '../obstacles/obstacles.js';
export { staysByNature } from '../obstacles/prunable.js';
export { anyUnits } from '../plan/anyUnits.js';
export { fingerprint } from '../plan/fingerprint.js';
export { checkPlan, emptyPlan, type GroupPlan, type Plan, removedUnits } from '../plan/plan.js';
export { keptWidth, laneWidth, type Ratios, type RoundOptions, type Widths } from '../plan/widths.js';
export { costPerBlock } from '../report/costReport.js';
export type { CostReport } from '../report/report.js';
export { type DivergenceCurve, expectedDivergences } from '../sensitivity/expectedDivergence.js';
export { modelContent } from '../statistics/statistics.js';
export { checkBudgets } from '../sweep/sweep.js';
