import type { Attribute } from './attribute.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import { Node } from './node.js';
import { copyType, type Value } from './value.js';

/** A copy of a model that can be edited on its own. Tensors and what was read beside the graph are shared: they never change. */
export function cloneModel(model: Model): Model {
  const clone = new Model(cloneGraph(model.graph));
  clone.irVersion = model.irVersion;
  clone.producerName = model.producerName;
  clone.producerVersion = model.producerVersion;
  clone.proto = model.proto;
  for (const [domain, version] of model.opsets) clone.opsets.set(domain, version);
  for (const [key, value] of model.metadata) clone.metadata.set(key, value);
  return clone;
}

/**
 * A copy of a graph that can be edited on its own. What it reads of the graph around it is read by name from `parent`.
 *
 * @param parent the graph that the copy is to lie in. Default: none.
 */
export function cloneGraph(graph: Graph, parent?: Graph): Graph {
  const clone = new Graph(graph.name, parent);
  clone.proto = graph.proto;
  for (const value of graph.values.values()) {
    const copy = clone.addValue(value.name);
    copy.tensor = value.tensor;
    copy.type = copyType(value.type);
    copy.typeAsRead = value.typeAsRead;
    copy.proto = value.proto;
  }
  const own = (value: Value | undefined) => value && clone.lookup(value.name);
  for (const node of graph.nodes) {
    const copy = new Node(
      node.opType,
      node.inputs.map(own),
      node.outputs.map(own),
      node.name,
      node.domain,
      node.overload,
    );
    copy.proto = node.proto;
    for (const [name, attribute] of node.attributes) copy.attributes.set(name, cloneAttribute(attribute, clone));
    clone.insert(copy);
  }
  clone.inputs.push(...graph.inputs.map((value) => clone.value(value.name)));
  for (const value of graph.outputs) clone.outputs.push(clone.lookup(value.name)!);
  return clone;
}

function cloneAttribute(attribute: Attribute, parent: Graph): Attribute {
  if (attribute.type === 'GRAPH') return { ...attribute, value: cloneGraph(attribute.value, parent) };
  if (attribute.type === 'GRAPHS')
    return { ...attribute, value: attribute.value.map((graph) => cloneGraph(graph, parent)) };
  return { ...attribute };
}
