import type { DataType, Dim, Node, Value } from '@snp/onnx';
import type { GraphWriter } from '../write/graphWriter.js';

/** One node that stands for several, as it is written out. */
export interface WriteOutCall {
  readonly node: Node;
  /** Writes in front of the node. */
  readonly writer: GraphWriter;
  /** Element type of input 0. */
  readonly type: DataType;
  /** Input `index`, which must be there. */
  input(index: number): Value;
  /** Input `index`, if it is there. */
  maybe(index: number): Value | undefined;
  /** Whether anything reads output `index`. */
  isRead(index: number): boolean;
  shape(value: Value): readonly Dim[];
  elementType(value: Value): DataType | undefined;
  number(value: number): Value;
}

/** Gives values for the node's outputs, in order; undefined where the node has a form that is not understood. */
export type WriteOutRule = (call: WriteOutCall) => readonly (Value | undefined)[] | undefined;
