import type { Node } from '@snp/onnx';
import type { Layout } from '../layout/layout.js';

/**
 * A scalar constant that holds how many positions a norm runs over, or something made of that number: a variance of N positions divided by N - 1, say.
 * It has to follow the width.
 */
export interface CountConstant {
  node: Node;
  /** Input of the node that is the constant. */
  index: number;
  /** The constant for a number of positions. */
  of: (count: number) => number;
}

/** Such a constant with the axes of the value whose positions it counts. */
export interface PlacedCount extends CountConstant {
  layout: Layout;
  axes: readonly number[];
}
