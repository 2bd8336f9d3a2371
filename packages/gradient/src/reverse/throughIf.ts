import { cloneGraph, type Graph, type ShapeInfo, type Value } from '@snp/onnx';
import type { GradientCall } from '../rules/rule.js';
import { GraphWriter } from '../write/graphWriter.js';
import { capturedBy } from './activity.js';

/** Walks back through the nodes of a branch: gives gradients by value. */
export type WalkBack = (
  branch: Graph,
  options: { writer: GraphWriter; shapes: ShapeInfo; seeds: Map<Value, Value>; by: readonly Value[] },
) => Map<Value, Value>;

/**
 * The gradient of an If is an If: each branch computes what it computed once more, and from there the gradients of what it read from around it.
 */
export function throughIf(call: GradientCall, { shapes, walkBack }: { shapes: ShapeInfo; walkBack: WalkBack }): void {
  const { node, writer } = call;
  const branches = [...node.attributes].flatMap(([name, attribute]) =>
    attribute.type === 'GRAPH' ? [{ name, graph: attribute.value }] : [],
  );
  const read = [...new Set(branches.flatMap(({ graph }) => capturedBy(graph)))];
  const by = read.filter((value) => call.isActive(value));
  const graphs = branches.map(({ name, graph }) => {
    const copy = cloneGraph(graph, writer.graph);
    const originals = paired(copy, graph);
    const own = {
      shape: (value: Value) => shapes.shape(originals.get(value) ?? value),
      elementType: (value: Value) => shapes.elementType(originals.get(value) ?? value),
      content: (value: Value) => shapes.content(originals.get(value) ?? value),
    };
    const seeds = new Map<Value, Value>();
    for (const [index, output] of copy.outputs.entries()) {
      if (!node.outputs[index] || !call.has(index)) continue;
      const seed = call.gradient(index);
      seeds.set(output, seeds.has(output) ? writer.add(seeds.get(output)!, seed) : seed);
    }
    const inner = new GraphWriter(copy, writer.opset);
    const gradients = walkBack(copy, { writer: inner, shapes: own, seeds, by });
    copy.outputs.length = 0;
    for (const value of by) {
      const found = gradients.get(value);
      const gradient = found ?? inner.filled(0, call.type(value), inner.shapeOf(value));
      const output = inner.op('Identity', [gradient]);
      output.type = { elementType: call.type(value), shape: undefined };
      copy.outputs.push(output);
    }
    return [name, { type: 'GRAPH', value: copy }] as const;
  });
  const outputs = writer.ops('If', [call.input(0)], by.length, Object.fromEntries(graphs));
  for (const [at, value] of by.entries()) call.giveOf(value, outputs[at]);
}

/** Values of a copy, in graphs inside it too, with those that they are copies of. */
function paired(copy: Graph, original: Graph): Map<Value, Value> {
  const pairs = new Map<Value, Value>();
  for (const value of copy.values.values()) {
    const own = original.values.get(value.name);
    if (own) pairs.set(value, own);
  }
  for (const [at, node] of copy.nodes.entries()) {
    for (const [index, inner] of node.subgraphs.entries()) {
      for (const [value, own] of paired(inner, original.nodes[at].subgraphs[index])) pairs.set(value, own);
    }
  }
  return pairs;
}
