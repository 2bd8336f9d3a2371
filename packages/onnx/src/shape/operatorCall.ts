import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { DataType } from '../tensor/dataType.js';
import { type Dim, staticDims } from './dim.js';
import type { Element } from './elements.js';
import type { OutputFacts, ValueFacts } from './facts.js';

/** What a rule may ask of the run of shape inference it is part of. */
export interface InferenceRun {
  /** What is known about a value so far. */
  facts(value: Value): ValueFacts;
  /** Infers a subgraph, with `inputs` given to its inputs in order, and returns what its outputs are. */
  inferSubgraph(graph: Graph, inputs: readonly OutputFacts[]): ValueFacts[];
  /** Version of the default operator set. */
  readonly opset: number;
  /** Contents longer than this are not followed. */
  readonly contentLimit: number;
}

/** A node together with what is known about its inputs: all a shape rule looks at. */
export class OperatorCall {
  constructor(
    readonly node: Node,
    readonly run: InferenceRun,
  ) {}

  /** Whether input `index` is given. */
  has(index: number): boolean {
    return this.node.inputs[index] !== undefined;
  }

  /** What is known about input `index`; nothing for one that is left out. */
  input(index: number): ValueFacts {
    const value = this.node.inputs[index];
    return value ? this.run.facts(value) : {};
  }

  type(index: number): DataType | undefined {
    return this.input(index).type;
  }

  shape(index: number): readonly Dim[] | undefined {
    return this.input(index).shape;
  }

  content(index: number): readonly Element[] | undefined {
    return this.input(index).content;
  }

  /** Dimension `axis` of input `index`; negative axes count from the end. */
  dim(index: number, axis: number): Dim | undefined {
    return this.shape(index)?.at(axis);
  }

  /** Content of input `index` if all of it is numbers. */
  numbers(index: number): number[] | undefined {
    return staticDims(this.content(index));
  }

  /** The numbers of a list that older operator sets state as attribute and newer ones as input `index`. */
  list(name: string, index: number): number[] | undefined {
    return this.node.ints(name) ?? this.numbers(index);
  }

  /** Whether such a list is stated at all, known or not. */
  hasList(name: string, index: number): boolean {
    return this.node.attributes.has(name) || this.has(index);
  }

  /** The attribute `axis` counted from the front, for a tensor of `rank` dimensions. */
  axis(rank: number, fallback: number, name = 'axis'): number {
    return normalAxis(this.node.int(name, fallback), rank);
  }

  /** Whether a tensor of this shape is small enough for its content to be followed; its dims as numbers if so. */
  followed(shape: readonly (Dim | undefined)[] | undefined): number[] | undefined {
    const dims = staticDims(shape);
    return dims && dims.reduce((product, dim) => product * dim, 1) <= this.run.contentLimit ? dims : undefined;
  }
}

/** An axis counted from the front. */
export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The shape with one dimension more, at `axis` of the result. */
export function inserted(shape: readonly Dim[], axis: number, dim: Dim | undefined): (Dim | undefined)[] {
  return [...shape.slice(0, axis), dim, ...shape.slice(axis)];
}

/** The shape with another dimension at `axis` (counted from the front). */
export function withDim(shape: readonly Dim[], axis: number, dim: Dim | undefined): (Dim | undefined)[] {
  return shape.map((own, at) => (at === axis ? dim : own));
}
