import { dimsEqual, type Node } from '@snp/onnx';
import type { Resizing } from '../resizing.js';

/** States how many heads are left, from those that operand `index` has after; `each` of them counts as many of the attribute. */
export function stateHeads(node: Node, resizing: Resizing, attribute: string, index: number, each = 1): void {
  const heads = resizing.newHeads(node, index);
  if (heads !== undefined && heads * each !== node.int(attribute, 1)) node.set(attribute, heads * each);
}

/** States the scale that the operator would take from the full width of a query head, before that shrinks. `heads`: in the last axis of input 0. */
export function keepScale(node: Node, resizing: Resizing, heads: number): void {
  if (node.float('scale', 0) !== 0) return;
  const [before, after] = [resizing.oldShape(node.inputs[0]!), resizing.newShape(node.inputs[0]!)].map((shape) =>
    shape.at(-1),
  );
  if (typeof before === 'number' && !dimsEqual(before, after))
    node.set('scale', { float: 1 / Math.sqrt(before / heads) });
}
