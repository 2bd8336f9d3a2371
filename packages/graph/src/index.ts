export { type Analysis, analyze } from './analyze.js';
export { type ExplainedValue, type Explanation, explain, type Run, type Step } from './explain/explain.js';
export { rowsOf, shrinkingFactor } from './groups/fields.js';
export {
  type Block,
  type FrozenGroup,
  type Group,
  type GroupKind,
  type Member,
  type Site,
  unitsByLane,
} from './groups/group.js';
export type { FreezeReason, LabelStore, Role, Slot } from './labels/labelStore.js';
export { Factor } from './layout/factor.js';
export { type Field, fieldsOn, flattenAxis, groupIntoAxes, type Layout, sizesOf } from './layout/layout.js';
export { propagate } from './propagate/propagate.js';
export { Propagation } from './propagate/propagation.js';
export { operatorRules, ruleFor } from './rules/index.js';
export type { Resizing } from './rules/resizing.js';
export type { OperatorRule } from './rules/rule.js';
export { selectPositions, slicePositions } from './rules/select.js';
