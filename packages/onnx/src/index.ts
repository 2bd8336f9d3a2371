export { decodeMessage } from './codec/decode.js';
export { encodeMessage } from './codec/encode.js';
export type { ExternalDataSource, ExternalLocation } from './codec/externalData.js';
export { type Message, UNKNOWN_FIELDS } from './codec/message.js';
export { type DecodeOptions, decodeModel, encodeModel, modelToProto } from './codec/model.js';
export type { MessageName } from './codec/schema.js';
export { COST_DEFAULTS, type CostOptions, costOf, type ModelCost, type NodeCost } from './cost/costOf.js';
export { nodeMacs } from './cost/nodeMacs.js';
export { parameterCount } from './cost/parameters.js';
export { SnpError, type SnpErrorCode, type SnpErrorPlace } from './errors.js';
export { countAxesFromEnd } from './fold/countAxesFromEnd.js';
export { FOLD_CONSTANTS_DEFAULTS, type FoldConstantsOptions, foldConstants } from './fold/foldConstants.js';
export { gatherSingles } from './fold/gatherSingles.js';
export { kernelsAsMatrices } from './fold/kernelsAsMatrices.js';
export { removeExpands } from './fold/removeExpands.js';
export { removeRoundTrips } from './fold/removeRoundTrips.js';
export { constantTarget } from './fold/reshapeTarget.js';
export { settleRandomness } from './fold/settleRandomness.js';
export { simplifyShapes } from './fold/simplifyShapes.js';
export { stateValueRanks } from './fold/stateValueRanks.js';
export { takeConstantBranches } from './fold/takeConstantBranches.js';
export { unpackSequences } from './fold/unpackSequences.js';
export { unshareVectors } from './fold/unshareVectors.js';
export { type InlinedFunctions, inlineFunctions } from './functions/inlineFunctions.js';
export type { Attribute, AttributeInit, AttributeValue } from './ir/attribute.js';
export { cloneGraph, cloneModel } from './ir/clone.js';
export { Graph, type NodeInit } from './ir/graph.js';
export { isMeanOverLastAxis } from './ir/meanOverLastAxis.js';
export { Model } from './ir/model.js';
export { Node, toAttribute } from './ir/node.js';
export { isPointwise } from './ir/pointwise.js';
export { storedConstant } from './ir/storedConstant.js';
export { topologicalOrder } from './ir/topologicalOrder.js';
export { type FileDim, type TensorType, type Use, Value } from './ir/value.js';
export { needsNode } from './needsNode.js';
export { constantBehind } from './shape/constantBehind.js';
export {
  addDims,
  type Dim,
  type DimExpression,
  type DimSymbol,
  type DimTerm,
  dimsEqual,
  divideDims,
  formatDim,
  mulDims,
  parseDim,
  productOf,
  SymbolicDim,
  staticDims,
  subDims,
  symbol,
  termsOf,
} from './shape/dim.js';
export {
  ceilDivDims,
  evaluateDim,
  floorDivDims,
  isKnownDim,
  maxDims,
  minDims,
  modDims,
  symbolsOf,
} from './shape/dimFunctions.js';
export { type EinsumEquation, ELLIPSIS, parseEinsum } from './shape/einsum.js';
export type { Element } from './shape/elements.js';
export type { OutputFacts, ValueFacts } from './shape/facts.js';
export { type FreeNames, freeNames, namesPast } from './shape/freeNames.js';
export { type InferShapesOptions, inferShapes, type ShapeInfo } from './shape/inferShapes.js';
export type { InferenceRun, OperatorCall } from './shape/operatorCall.js';
export { defineShapes } from './shape/rules/index.js';
export type { ShapeRule } from './shape/shapeRule.js';
export { bitsPerElement, type DataType, dataTypeCode, dataTypeOf, isFloatType } from './tensor/dataType.js';
export { Tensor, type TensorArray, type TensorSource } from './tensor/tensor.js';
