import type { Graph, Node, Value } from '@snp/onnx';

/** A graph inside of a node: a branch of If, the body of Loop or Scan. */
export interface Body {
  /** The attribute that holds it: `then_branch`, `else_branch`, `body`. */
  readonly name: string;
  readonly graph: Graph;
}

/** The graphs inside of a node. */
export function bodiesOf(node: Node): Body[] {
  return [...node.attributes].flatMap(([name, attribute]) => {
    if (attribute.type === 'GRAPH') return [{ name, graph: attribute.value }];
    if (attribute.type !== 'GRAPHS') return [];
    return attribute.value.map((graph, at) => ({ name: `${name}[${at}]`, graph }));
  });
}

/** Nodes of a graph with those of the bodies within, in graph order. */
export function* nodesWithin(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const body of bodiesOf(node)) yield* nodesWithin(body.graph);
  }
}

/** A value that a body reads by name from around it, and the first node there that does; without one it is an output of the body. */
export interface OuterRead {
  readonly value: Value;
  readonly body: string;
  readonly reader: Node | undefined;
}

/** What the bodies of a node read by name from around it; values of their own are among it. */
export function outerReads(node: Node): OuterRead[] {
  return bodiesOf(node).flatMap(({ name, graph }) => [
    ...[...nodesWithin(graph)].flatMap((reader) =>
      reader.inputs.flatMap((value) => (value ? [{ value, body: name, reader }] : [])),
    ),
    ...[graph, ...[...nodesWithin(graph)].flatMap((inner) => inner.subgraphs)].flatMap(({ outputs }) =>
      outputs.map((value) => ({ value, body: name, reader: undefined })),
    ),
  ]);
}
