// `@snp/core/plugin`: all that a criterion or plug-in is written with (docs/plugins.md).
export {
  type Analysis,
  type Block,
  type Branch,
  type BranchKind,
  type Group,
  type GroupKind,
  type HeadPart,
  type HeadSet,
  type Member,
  type NeuronGroup,
  type NeuronKind,
  type Site,
  unitGroups,
  type WholeGroup,
  type WholeKind,
} from '@snp/graph';
export { type Model, SnpError, type SnpErrorCode, type Value } from '@snp/onnx';
export { type GramAxes, gramTap, type Tap, TapBuilder } from '@snp/runtime';
export {
  type Accumulator,
  activation,
  addOverSlices,
  type Criterion,
  criterionByName,
  criterionNames,
  fisher,
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
  taylor,
  type UnitGradients,
  type UnitMoments,
  unitRows,
} from '@snp/score';
export { type CriterionDefinition, defineCriterion, type StatisticsOf } from '../plugin/defineCriterion.js';
export { definePlugin } from '../plugin/definePlugin.js';
export { type FindUnitsOptions, type FoundUnits, findUnits } from '../plugin/findUnits.js';
export { type CallLimits, PLUGIN_TIMEOUT } from '../plugin/foreignCalls.js';
export { PLUGIN_CONTRACT, type Plugin } from '../plugin/plugin.js';
export { sensitivity } from '../plugin/sensitivity.js';
export { asUnits, type Cut, joinUnits, UNIT_KINDS, type UnitGroup } from '../plugin/unitGroup.js';
