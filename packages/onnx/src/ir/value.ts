import type { DataType } from '../tensor/dataType.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Node } from './node.js';

/** One dimension as a file states it: a size, a symbolic name, or nothing known. */
export type FileDim = number | string | undefined;

/** A tensor type as a file states it. `shape` undefined: not even the rank is stated. */
export interface TensorType {
  elementType: DataType;
  shape: FileDim[] | undefined;
}

/** A copy of a type, to be edited on its own. */
export function copyType(type: TensorType | undefined): TensorType | undefined {
  return type && { elementType: type.elementType, shape: type.shape && [...type.shape] };
}

/** One place that reads a value: input number `index` of `node`. */
export interface Use {
  readonly node: Node;
  readonly index: number;
}

/**
 * What flows along an edge of the graph: a graph input, an initializer, or an output of a node. Uses and producer are
 * kept up to date by Node and Graph; change them there.
 */
export class Value {
  /** The node that computes this value, or undefined for graph inputs and initializers. */
  producer: Node | undefined;
  /** The constant content, for initializers. */
  tensor: Tensor | undefined;
  /** Stated type. Values that are not tensors (sequences, optionals, maps, sparse tensors) keep it in `proto` only. */
  type: TensorType | undefined;
  /** `type` as it was read from the file. Where `type` differs from it, the file's statements are out of date. */
  typeAsRead: TensorType | undefined;
  /** The `ValueInfoProto` this value was read from, with all that the fields above do not cover. */
  proto: object | undefined;
  /** Unordered: every node input that reads this value, in subgraphs too. */
  readonly uses = new Set<Use>();

  constructor(public name: string) {}

  /** Distinct nodes that read this value. */
  get consumers(): Node[] {
    return [...new Set([...this.uses].map((use) => use.node))];
  }

  get isInitializer(): boolean {
    return this.tensor !== undefined;
  }

  /** Makes every reader read `other` instead (graph outputs are not touched: see Graph.outputs). */
  replaceAllUsesWith(other: Value): void {
    for (const { node, index } of [...this.uses]) node.setInput(index, other);
  }
}
