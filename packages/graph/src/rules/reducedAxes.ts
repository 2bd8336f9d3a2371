import type { Node } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';

/** How many positions a reduction runs over, where that is fixed. */
export function positionsOf(node: Node, walk: Propagation): number | undefined {
  const shape = walk.shape(node.inputs[0]);
  const sizes = reducedAxes(node, walk)?.map((axis) => shape?.[axis]);
  return sizes?.reduce<number | undefined>(
    (product, size) => (product !== undefined && typeof size === 'number' ? product * size : undefined),
    1,
  );
}

/** The axes a reduction runs over, from the attribute or the second input; undefined if not known. */
export function reducedAxes(node: Node, walk: Propagation): number[] | undefined {
  const rank = walk.shape(node.inputs[0])?.length;
  if (rank === undefined) return undefined;
  const stated = node.inputs[1] ? walk.integers(node, 1) : (node.ints('axes') ?? []);
  if (!stated) return undefined;
  if (stated.length === 0) return node.int('noop_with_empty_axes', 0) === 1 ? [] : [...Array(rank).keys()];
  return stated.map((axis) => (axis < 0 ? axis + rank : axis));
}
