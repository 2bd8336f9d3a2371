import type { Node } from './node.js';

/**
 * True of a ReduceMean over the last axis alone, which stays with length 1: a step of norms that an exporter took apart. Axes are an attribute or, from opset 18 on, a constant.
 *
 * @example
 * const means = model.graph.nodes.filter(isMeanOverLastAxis);
 */
export function isMeanOverLastAxis(node: Node): boolean {
  const axes = node.ints('axes') ?? (node.inputs[1]?.tensor ? [...node.inputs[1].tensor.numbers()].map(Number) : []);
  return node.opType === 'ReduceMean' && axes.join() === '-1' && node.int('keepdims', 1) === 1;
}
