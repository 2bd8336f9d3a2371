import { type Graph, isFloatType, type Node, type ShapeInfo, type Value } from '@snp/onnx';
import { stopsGradient } from '../rules/stops.js';

/** What depends on the values that are differentiated by, through operators that have a derivative: all else needs no gradient. */
export class Activity {
  readonly #active: Set<Value>;
  readonly #reads = new Map<Node, ReadonlySet<Value>>();

  constructor(nodes: readonly Node[], { by, shapes }: { by: Iterable<Value>; shapes: ShapeInfo }) {
    this.#active = new Set(by);
    for (const node of nodes) {
      const read = new Set(valuesRead(node).filter((value) => this.#active.has(value)));
      this.#reads.set(node, stopsGradient(node) ? new Set() : read);
      if (read.size === 0 || stopsGradient(node)) continue;
      for (const output of node.outputs) {
        if (output && isFloatType(shapes.elementType(output) ?? 'FLOAT')) this.#active.add(output);
      }
    }
  }

  has(value: Value): boolean {
    return this.#active.has(value);
  }

  /** The active values that a node reads, in its branches and bodies too. */
  reads(node: Node): ReadonlySet<Value> {
    return this.#reads.get(node) ?? new Set();
  }
}

/** The values that a node reads from the graph that holds it, in its subgraphs too. */
function valuesRead(node: Node): Value[] {
  const own = node.inputs.filter((value) => value !== undefined);
  return [...own, ...node.subgraphs.flatMap(capturedBy)];
}

/** The values of outer graphs that a graph reads, or gives as outputs. */
export function capturedBy(graph: Graph): Value[] {
  const read = [...graph.nodes.flatMap(valuesRead), ...graph.outputs];
  return [...new Set(read)].filter((value) => graph.values.get(value.name) !== value);
}
