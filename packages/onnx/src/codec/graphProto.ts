import { SnpError } from '../errors.js';
import { Graph } from '../ir/graph.js';
import { Node } from '../ir/node.js';
import { topologicalOrder } from '../ir/topologicalOrder.js';
import { copyType, type Value } from '../ir/value.js';
import { attributeFromProto, attributeToProto, type GraphCodec } from './attributeProto.js';
import type { ExternalDataSource } from './externalData.js';
import type { Message } from './message.js';
import { sparseSource, tensorFromSparse } from './sparseTensorProto.js';
import { tensorFromProto, tensorToProto } from './tensorProto.js';
import { typeFromProto, valueInfoToProto } from './valueInfoProto.js';

/** The graph that a `GraphProto` holds, its nodes in topological order. `parent`: the graph around a subgraph. */
export function graphFromProto(message: Message, external?: ExternalDataSource, parent?: Graph): Graph {
  const graph = new Graph(message.name ?? '', parent);
  graph.proto = message;
  readConstants(graph, message, external);
  for (const info of list(message.input)) graph.inputs.push(describe(own(graph, info.name ?? ''), info));
  const nodes = list(message.node);
  // All outputs first: a subgraph may read what an outer node computes, and files need not be in order.
  const outputs = nodes.map((node) =>
    ((node.output ?? []) as string[]).map((name) => (name ? graph.addValue(name) : undefined)),
  );
  for (const [at, node] of nodes.entries()) graph.insert(readNode(node, outputs[at], graph, external));
  for (const info of list(message.output)) {
    const name: string = info.name ?? '';
    const value = graph.lookup(name) ?? missing(`The graph's output '${name}'`, name);
    graph.outputs.push(graph.values.has(name) && !value.proto ? describe(value, info) : value);
  }
  for (const info of list(message.valueInfo)) {
    const value = graph.values.get(info.name ?? '');
    if (value && !value.proto) describe(value, info);
  }
  for (const value of graph.values.values()) value.typeAsRead = copyType(value.type);
  sort(graph);
  return graph;
}

/** The `GraphProto` of a graph, with everything it was read with. */
export function graphToProto(graph: Graph): Message {
  const proto = (graph.proto ?? {}) as Message;
  const codec = codecFor(graph);
  const message: Message = {
    ...proto,
    node: graph.nodes.map((node) => nodeToProto(node, codec)),
    initializer: graph.initializers
      .filter(({ tensor }) => !sparseSource(tensor!))
      .map((value) => tensorToProto(value.tensor!, value.name)),
    sparseInitializer: sparseToProto(graph, list(proto.sparseInitializer)),
    input: infosToProto(graph.inputs, graph, list(proto.input)),
    output: infosToProto(graph.outputs, graph, list(proto.output)),
    valueInfo: [...statedInFile(graph, proto), ...statedSince(graph, proto)],
  };
  if (graph.name || proto.name !== undefined) message.name = graph.name;
  return message;
}

/** What the file stated of intermediate values, as it is by now. */
function statedInFile(graph: Graph, proto: Message): Message[] {
  return list(proto.valueInfo).flatMap((info) => {
    const value = graph.values.get(info.name ?? '');
    if (!value) return graph.lookup(info.name ?? '') || !wasOwn(proto, info.name) ? [info] : [];
    return value.proto || value.type ? [valueInfoToProto(value, value.proto && info)] : [];
  });
}

/** Shapes that an edit stated of intermediate values of which the file says nothing. */
function statedSince(graph: Graph, proto: Message): Message[] {
  const elsewhere = new Set([
    ...list(proto.valueInfo).map(({ name }) => name),
    ...graph.outputs.map(({ name }) => name),
  ]);
  const stated = [...graph.values.values()].filter(
    (value) => value.producer && value.type?.shape && !value.proto && !elsewhere.has(value.name),
  );
  return stated.map((value) => valueInfoToProto(value));
}

/** Sparse initializers whose values were not edited, and those that could not be read. */
function sparseToProto(graph: Graph, read: Message[]): Message[] {
  const unread = read.filter(({ values }) => {
    const value = graph.values.get(values?.name ?? '');
    return !values?.name || (value && !value.tensor);
  });
  return [
    ...unread,
    ...graph.initializers.flatMap(({ name, tensor }) => {
      const source = sparseSource(tensor!);
      return source ? [{ ...source, values: { ...source.values, name } }] : [];
    }),
  ];
}

/** Entries of a list, from what that list said: a value's input, output and `value_info` may each say something else. */
function infosToProto(values: Value[], graph: Graph, read: Message[]): Message[] {
  return values.map((value, at) => {
    const names = (info: Message | undefined) => (info?.name ?? '') === value.name;
    const isNew = !value.proto && graph.values.get(value.name) === value;
    return valueInfoToProto(value, isNew ? undefined : names(read[at]) ? read[at] : read.find(names));
  });
}

/** A name that the graph once defined, as opposed to stray entries that never named anything. */
function wasOwn(proto: Message, name: string): boolean {
  return (
    list(proto.node).some((node) => node.output?.includes(name)) ||
    list(proto.initializer).some((item) => item.name === name)
  );
}

function readConstants(graph: Graph, message: Message, external?: ExternalDataSource): void {
  for (const tensor of list(message.initializer)) {
    const value = graph.addValue(tensor.name ?? '');
    value.tensor = tensorFromProto(tensor, external);
    value.type = { elementType: value.tensor.dataType, shape: [...value.tensor.dims] };
  }
  for (const sparse of list(message.sparseInitializer)) {
    const name: string = sparse.values?.name ?? '';
    if (!name) continue;
    const value = graph.addValue(name);
    value.tensor = tensorFromSparse(sparse, external);
    if (value.tensor) value.type = { elementType: value.tensor.dataType, shape: [...value.tensor.dims] };
  }
}

function own(graph: Graph, name: string): Value {
  return graph.values.get(name) ?? graph.addValue(name);
}

function describe(value: Value, info: Message): Value {
  value.proto = info;
  value.type ??= typeFromProto(info);
  return value;
}

/** The node that a `NodeProto` holds, reading values that `graph` knows by name. It is not in the graph yet. */
export function readNode(
  message: Message,
  outputs: (Value | undefined)[],
  graph: Graph,
  external?: ExternalDataSource,
): Node {
  const label = message.name || `${message.opType} -> ${message.output?.[0] ?? '?'}`;
  const inputs = ((message.input ?? []) as string[]).map((name) =>
    name ? (graph.lookup(name) ?? missing(`Input '${name}' of node ${label}`, name, label)) : undefined,
  );
  const node = new Node(
    message.opType ?? '',
    inputs,
    outputs,
    message.name ?? '',
    message.domain ?? '',
    message.overload ?? '',
  );
  node.proto = message;
  const codec = codecFor(graph, external);
  for (const attribute of list(message.attribute)) {
    node.attributes.set(attribute.name ?? '', attributeFromProto(attribute, codec));
  }
  return node;
}

function nodeToProto(node: Node, codec: GraphCodec): Message {
  const proto = (node.proto ?? {}) as Message;
  const message: Message = {
    ...proto,
    input: node.inputs.map((value) => value?.name ?? ''),
    output: node.outputs.map((value) => value?.name ?? ''),
    opType: node.opType,
    attribute: [...node.attributes].map(([name, attribute]) => attributeToProto(name, attribute, codec)),
  };
  for (const field of ['name', 'domain', 'overload'] as const) {
    if (node[field] || proto[field] !== undefined) message[field] = node[field];
  }
  return message;
}

/** How attributes of nodes of `parent` are read and written. */
export function codecFor(parent: Graph, external?: ExternalDataSource): GraphCodec {
  return { read: (message) => graphFromProto(message, external, parent), write: graphToProto, external };
}

function sort(graph: Graph): void {
  const order = topologicalOrder(graph);
  const position = new Map(order.map((node, at) => [node, at]));
  for (const node of order) {
    for (const value of node.inputs) {
      const producer = value?.producer;
      if (producer?.graph !== graph || position.get(producer)! < position.get(node)!) continue;
      throw new SnpError(
        'invalid-file',
        `The graph runs in a circle through node ${node.label}. Such a model cannot run; export it again.`,
        {
          node: node.label,
        },
      );
    }
  }
  graph.nodes.splice(0, graph.nodes.length, ...order);
}

function missing(what: string, value: string, node?: string): never {
  throw new SnpError(
    'invalid-file',
    `${what} is neither an input nor an initializer nor computed by any node. The file is damaged; export it again.`,
    {
      value,
      ...(node !== undefined && { node }),
    },
  );
}

function list(items: Message[] | undefined): Message[] {
  return items ?? [];
}
