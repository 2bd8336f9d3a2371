import type { AttributeInit, Node } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';

/** How some positions along an axis of a node's output are computed without the others: by the same operator, from a part of its inputs. */
export interface OutputAxis {
  /** For each input the axis whose positions those of the output follow one by one; -1 for an input that all of them need. */
  readonly inputs: readonly number[];
  /** Attributes that count the positions, for so many of them. */
  readonly attributes?: (positions: number) => Record<string, AttributeInit>;
}

/** The axis of an operator that works position by position on inputs that broadcast. */
export function pointwiseAxis(node: Node, axis: number, walk: Propagation): OutputAxis | undefined {
  const rank = walk.shape(node.outputs[0])?.length;
  if (rank === undefined) return undefined;
  const inputs = node.inputs.map((value) => Math.max(-1, axis - rank + (walk.shape(value)?.length ?? 0)));
  return { inputs };
}

/** The axis of an operator that carries its first input on, all of it but for `mixed` axes, and needs the others whole. */
export function carriedAxis(node: Node, axis: number, mixed: (axis: number) => boolean): OutputAxis | undefined {
  return mixed(axis) ? undefined : { inputs: node.inputs.map((_, index) => (index === 0 ? axis : -1)) };
}
