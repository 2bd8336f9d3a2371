import { type Node, storedConstant, type Value } from '@snp/onnx';
import type { Layout } from '../layout/layout.js';

/**
 * Stored constants with axes whose positions belong together, the outermost first: heads and their neurons in a kernel [hidden, heads, neurons], say.
 * Labelled one by one, every head has to keep the same neurons; labelled as one axis, each keeps its own.
 */
export type JointAxes = Map<Value, readonly number[]>;

/** Adds axes of an input that belong together to `known`, if it is a stored constant in which more than one of them bears labels. */
export function noteJointAxes(
  node: Node,
  index: number,
  axes: readonly number[],
  layout: Layout,
  known: JointAxes,
): void {
  const labelled = axes.filter((axis) =>
    layout.fields.some(({ factors }) => factors.some((factor) => layout.axes[axis].includes(factor))),
  );
  const constant = labelled.length > 1 ? storedConstant(node.inputs[index]) : undefined;
  if (constant && !known.has(constant)) known.set(constant, labelled);
}
