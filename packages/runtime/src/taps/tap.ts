import { cloneModel, type Graph, type Model, type Node, topologicalOrder, type Value } from '@snp/onnx';
import { depthsOf } from './depths.js';
import { selectRows } from './selectRows.js';

/** A value to compute beside a model's own: a few nodes that are added to a copy of the graph. */
export interface Tap {
  /** Name of the output the tap becomes; unique among the taps of one run. */
  readonly name: string;
  /** Of a value [rows, heads, width]: take no more rows per run than this, spread evenly over all, others in every batch (from opset 12 on). Default all. */
  readonly rows?: number | undefined;
  /** Adds the nodes to `model` and returns the value they end in, with all its rows. */
  build(model: Model): Value;
}

/**
 * A copy of a model whose outputs are the taps' values, each under the tap's name. Whatever only the original outputs need
 * is left out, and where few rows of a value are wanted, no more are computed than anything needs.
 */
export function addTaps(model: Model, taps: readonly Tap[]): Model {
  const tapped = cloneModel(model);
  const { graph } = tapped;
  const values = taps.map((tap) => tap.build(tapped));
  const onlyNeeded = (outputs: readonly Value[]) => {
    graph.outputs.splice(0, graph.outputs.length, ...outputs);
    graph.removeDead();
  };
  onlyNeeded(values);
  const wanted = taps.flatMap(({ rows }, at) => (rows === undefined ? [] : [{ at, rows, value: values[at] }]));
  if (wanted.length > 0)
    for (const [number, rows] of selectRows(tapped, wanted).entries()) values[wanted[number].at] = rows;
  const outputs = taps.map((tap, at) => {
    // A name of its own, also where two taps end in the same value.
    const [output] = graph.addNode({ op: 'Identity', inputs: [values[at]], outputs: [tap.name] }).outputs;
    output!.type = { elementType: values[at].type?.elementType ?? 'FLOAT', shape: undefined };
    return output!;
  });
  onlyNeeded(outputs);
  shallowestLast(graph);
  return tapped;
}

/**
 * Puts the nodes that outputs end in at the end of the list, those that are there first last. onnxruntime works out a graph's ends from the last node to the first, each with all that it
 * needs; so a layer's values are looked at while it is at hand, not kept until the deepest layer is done (DeiT-Base: half a gigabyte less).
 */
function shallowestLast(graph: Graph): void {
  const depth = depthsOf(graph);
  const ends = new Set<Node>();
  for (const output of [...graph.outputs].sort((a, b) => depth(b) - depth(a))) {
    const identity = output.producer!;
    const { producer, consumers } = identity.inputs[0]!;
    // The runtime leaves the identity out.
    if (producer?.graph === graph && producer.outputs.length === 1 && consumers.length === 1) ends.add(producer);
    ends.add(identity);
  }
  const others = topologicalOrder(graph).filter((node) => !ends.has(node));
  graph.nodes.splice(0, graph.nodes.length, ...others, ...ends);
}
