import type { Node } from '../ir/node.js';
import type { Dim } from '../shape/dim.js';
import type { ShapeInfo } from '../shape/inferShapes.js';

/** A node's shapes, as rules for its cost look at them. Asking for a shape that is not known throws `UnknownShape`. */
export class NodeShapes {
  constructor(
    readonly node: Node,
    readonly shapes: ShapeInfo,
  ) {}

  has(index: number): boolean {
    return this.node.inputs[index] !== undefined;
  }

  input(index: number): readonly Dim[] {
    const value = this.node.inputs[index];
    return (value && this.shapes.shape(value)) ?? unknownShape();
  }

  output(index: number): readonly Dim[] {
    const value = this.node.outputs[index];
    return (value && this.shapes.shape(value)) ?? unknownShape();
  }

  /** Dimension `axis` of input `index`; negative axes count from the end. */
  dim(index: number, axis: number): Dim {
    return this.input(index).at(axis) ?? unknownShape();
  }
}

/** Thrown and caught inside the cost computation: a shape that a rule needs is not known. */
export class UnknownShape extends Error {}

/** For what a rule cannot do without. */
export function unknownShape(): never {
  throw new UnknownShape();
}
