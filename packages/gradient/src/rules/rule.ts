import type { DataType, Dim, Node, Value } from '@snp/onnx';
import type { GraphWriter } from '../write/graphWriter.js';

/** How one operator passes gradients on: asks the call for those of its outputs, and gives those of its inputs. */
export type GradientRule = (call: GradientCall) => void;

/** One node on the way back, as its rule sees it. */
export interface GradientCall {
  readonly node: Node;
  /** Writes the nodes of the gradient. */
  readonly writer: GraphWriter;
  /** Input `index`, which must be there. */
  input(index: number): Value;
  /** Output `index`, which the node must have. */
  output(index?: number): Value;
  /** Dimensions of a value of the model, which must have a known rank. */
  shape(value: Value): readonly Dim[];
  /** Element type of a value of the model. */
  type(value: Value): DataType;
  /** The gradient of output `index`, of its shape and type; zeros where nothing that counts reads it. */
  gradient(index?: number): Value;
  /** Whether anything that counts reads output `index`. */
  has(index: number): boolean;
  /** Whether the gradient of input `index` is asked for. */
  wants(index: number): boolean;
  /** Whether of input `index`, a constant, the gradient of each sample is asked for: [samples, ...its shape]. */
  perSample(index: number): boolean;
  /** Gives the gradient of input `index`, of that input's shape; with samples in front where `perSample` says so. */
  give(index: number, gradient: Value): void;
  /** Gives the gradient of an input that was broadcast to the shape of output 0, which the gradient has: summed over what was repeated. */
  giveBroadcast(index: number, gradient: Value): void;
  /** Gives the gradient of an input that was broadcast to `shape`, which the gradient has: summed over what was repeated. */
  giveSummed(index: number, gradient: Value, shape: readonly Dim[]): void;
  /** Gives the gradient of an input of one number, from a scalar. */
  giveScalar(index: number, gradient: Value): void;
  /** Whether the gradient of a value is asked for, which a branch may read without an input. */
  isActive(value: Value): boolean;
  /** Gives the gradient of a value that a branch reads. */
  giveOf(value: Value, gradient: Value): void;
  /** The same numbers in the shape of a value of the model. */
  shapedLike(numbers: Value, value: Value): Value;
  /** The values of a small integer input that is constant, or follows from fixed shapes; undefined where it is not known before the model runs. */
  integers(index: number): number[] | undefined;
  /** An axis as a number from 0 on. */
  axis(stated: number, rank: number): number;
  /** Ends with an error that names the node. */
  refuse(why: string): never;
}
