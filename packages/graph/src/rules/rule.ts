import type { Node } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';
import type { OperatorForm } from './form.js';
import type { OutputAxis } from './outputAxis.js';
import type { Resizing } from './resizing.js';

/**
 * What one operator does to positions along its axes. The engine knows operators through rules only; an operator without
 * a rule freezes what touches it.
 */
export interface OperatorRule {
  /**
   * Operators this rule is for, each with the form of it that the rule understands. Names bear their domain unless it is the default one: `MatMul`,
   * `com.microsoft.BiasGelu`. A node of any other form is not handed to the rule, and freezes what it touches.
   */
  readonly operators: Readonly<Record<string, OperatorForm>>;
  /** One line for the table of supported operators: how positions travel. */
  readonly summary: string;
  /** Follows labels from the inputs of `node`, which has the form declared for its operator, to its outputs. */
  propagate(node: Node, walk: Propagation): void;
  /**
   * Tells how some positions along an axis of the first output are computed without the others, so that a layer whose outputs are to keep different widths
   * can be taken apart. Left out, or undefined: not at all.
   */
  outputAxis?(node: Node, axis: number, walk: Propagation): OutputAxis | undefined;
  /** Adapts the node to narrower inputs (sizes in attributes or constant inputs). Left out: nothing depends on widths. */
  resize?(node: Node, resizing: Resizing): void;
}
