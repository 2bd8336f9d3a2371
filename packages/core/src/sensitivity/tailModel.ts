import { cloneModel, dataTypeCode, type Graph, type Model, type Node, type ShapeInfo, type Value } from '@snp/onnx';

/** The part of a model that some weights can change, with those weights as inputs. */
export interface TailModel {
  model: Model;
  /** The activations the part starts from, by the names of its inputs: names of values of the whole model. */
  frontier: ReadonlyMap<string, string>;
}

/**
 * Cuts out what lies behind `weights`, so that it can run again and again with other weights from activations that are
 * computed once.
 *
 * @param weights By their names; they may be those of a model that this one is a copy of.
 */
export function tailModel(
  { model, shapes }: { model: Model; shapes: ShapeInfo },
  weights: readonly Value[],
): TailModel {
  const changed = new Set(weights.map(({ name }) => model.graph.value(name)));
  const frontier = new Set<Value>();
  for (const node of model.graph.nodes) {
    const read = valuesRead(node, model.graph);
    if (!read.some((value) => changed.has(value))) continue;
    for (const output of node.outputs) if (output) changed.add(output);
    for (const value of read) if (!value.tensor && !changed.has(value)) frontier.add(value);
  }
  const copy = cloneModel(model);
  const { graph } = copy;
  const inputs = [...frontier].map((value, at): Value => {
    const input = graph.addValue(graph.uniqueName(`frontier_${at}`));
    const shape = shapes.shape(value)?.map((dim) => (typeof dim === 'number' ? dim : undefined));
    input.type = { elementType: shapes.elementType(value) ?? 'FLOAT', shape };
    graph.value(value.name).replaceAllUsesWith(input);
    return input;
  });
  inputs.push(...weights.map(({ name }) => givenWeight(graph, graph.value(name))));
  const outputs = model.graph.outputs.flatMap((value) => (changed.has(value) ? graph.value(value.name) : []));
  graph.inputs.splice(0, graph.inputs.length, ...inputs);
  graph.outputs.splice(0, graph.outputs.length, ...outputs);
  graph.removeDead();
  return { model: copy, frontier: new Map([...frontier].map(({ name }, at) => [inputs[at].name, name])) };
}

/** Makes a weight an input of float32 numbers, of its own name, whatever type it is stored in. */
function givenWeight(graph: Graph, weight: Value): Value {
  const { dataType, dims } = weight.tensor!;
  weight.type = { elementType: 'FLOAT', shape: [...dims] };
  weight.tensor = undefined;
  if (dataType === 'FLOAT') return weight;
  const readers = [...weight.uses];
  const [before] = graph.nodes;
  const stored = graph.addNode({ op: 'Cast', inputs: [weight], attributes: { to: dataTypeCode(dataType) }, before });
  for (const { node, index } of readers) node.setInput(index, stored.outputs[0]);
  return weight;
}

/** Values of a graph that a node reads, in its subgraphs too. */
function valuesRead(node: Node, graph: Graph): Value[] {
  return [
    ...node.inputs.filter((value) => value !== undefined && graph.values.get(value.name) === value),
    ...node.subgraphs.flatMap((inner) => inner.nodes.flatMap((own) => valuesRead(own, graph))),
  ] as Value[];
}
