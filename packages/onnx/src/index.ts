export { SnpError, type SnpErrorCode, type SnpErrorPlace } from './errors.js';
export type { Attribute, AttributeInit, AttributeValue } from './ir/attribute.js';
export { Graph, type NodeInit } from './ir/graph.js';
export { Model } from './ir/model.js';
export { Node, toAttribute } from './ir/node.js';
export { type FileDim, type TensorType, type Use, Value } from './ir/value.js';
export { bitsPerElement, type DataType, dataTypeCode, dataTypeOf } from './tensor/dataType.js';
export { Tensor, type TensorArray, type TensorSource } from './tensor/tensor.js';
