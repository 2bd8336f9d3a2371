export { type Analysis, type AnalyzeOptions, analyze, unitGroups } from './analyze.js';
export { type ExplainedValue, type Explanation, explain, type Run, type Step } from './explain/explain.js';
export type { Branch, BranchKind } from './groups/branches.js';
export { rowsOf, shrinkingFactor } from './groups/fields.js';
export {
  type Block,
  type FrozenGroup,
  type Group,
  type GroupBase,
  type GroupKind,
  type Member,
  type NeuronGroup,
  type NeuronKind,
  type Site,
  unitsByLane,
  type WholeGroup,
  type WholeKind,
} from './groups/group.js';
export type { HeadPart, HeadSet } from './groups/heads.js';
export type { FreezeReason, LabelStore, Role, Slot } from './labels/labelStore.js';
export { Factor } from './layout/factor.js';
export {
  eachPosition,
  type Field,
  fieldsOn,
  flattenAxis,
  groupIntoAxes,
  type Layout,
  plainLayout,
  sizesOf,
  strideOf,
  transposeLayout,
} from './layout/layout.js';
export { reshapeLayout } from './layout/reshapeLayout.js';
export { type PropagateOptions, propagate } from './propagate/propagate.js';
export { combine, type Operand, type Zeros } from './rules/combine.js';
export { COMPUTED, type ContractionSpec, contract, contractMatMul } from './rules/contraction.js';
export { pointwise } from './rules/elementwise.js';
export type { AttributeValues, OperatorForm } from './rules/form.js';
export { defineOperator, operatorRules, ruleFor } from './rules/index.js';
export type { OutputAxis } from './rules/outputAxis.js';
export { possibleNumbers } from './rules/possibleNumbers.js';
export type { Resizing } from './rules/resizing.js';
export type { OperatorRule } from './rules/rule.js';
export { selectPositions } from './rules/select.js';
export { type Bound, slicePositions } from './rules/slice.js';
export { type Body, bodiesOf, nodesWithin } from './unfollowed/bodies.js';
export { type QuantisedForm, quantisedForm } from './unfollowed/quantised.js';
export type { CountConstant, PlacedCount } from './walk/countConstant.js';
export type { JointAxes } from './walk/jointAxes.js';
export { type Contraction, Propagation, type RigidFactor } from './walk/propagation.js';
export type { TableUse } from './walk/sharedTables.js';
