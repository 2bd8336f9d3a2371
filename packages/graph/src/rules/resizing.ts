import type { Dim, Node, Value } from '@snp/onnx';

/** What a rule may ask while a node is adapted to narrower values. */
export interface Resizing {
  /** Version of the operator set that the node's operator comes from. */
  opset(node: Node): number;
  /** The dimensions of a value before and after. */
  oldShape(value: Value): readonly Dim[];
  newShape(value: Value): readonly Dim[];
  /** The size of an axis after; an error if it is not known before the model runs. */
  newSize(value: Value, axis: number): number;
  /** The number of heads that an attention operator sees in one of its operands afterwards; undefined where none are labelled. */
  newHeads(node: Node, index: number): number | undefined;
  /**
   * Those of some positions along an axis that stay, in the numbering of the narrower value and in the given order; an
   * error if the answer differs from head to head.
   */
  positionsAfter(value: Value, axis: number, positions: readonly number[]): number[];
  /** Whole numbers of a constant input, or undefined if they are not known before the model runs. */
  integers(node: Node, index: number): number[] | undefined;
  /** Gives input `index` of the node a new constant of whole numbers. */
  setIntegers(node: Node, index: number, numbers: readonly number[], scalar?: boolean): void;
  /** Gives input `index` of the node these sizes: constants, and what is only known while the model runs computed from values at hand. */
  setSizes(node: Node, index: number, shape: readonly Dim[]): void;
}
