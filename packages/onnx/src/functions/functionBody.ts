import type { Message } from '../codec/message.js';

/** What a call puts in the place of a function's names. */
export interface Call {
  /** The name that a value of the function's body has in the graph of the call; '' for an input that is left out. */
  rename(name: string): string;
  /** The attribute of the call, or the function's default. */
  attribute(name: string): Message | undefined;
}

/** The nodes of a `FunctionProto` as they stand for one call, graphs inside them included. */
export function functionBody(definition: Message, call: Call): Message[] {
  return list(definition.node).map((node) => calledNode(node, call));
}

/** Every name that values of a function's body bear, in graphs inside it too. */
export function namesWithin(definition: Message): Set<string> {
  const names = new Set<string>([...list(definition.input), ...list(definition.output)] as unknown as string[]);
  const collect = (name: string) => {
    names.add(name);
    return name;
  };
  functionBody(definition, { rename: collect, attribute: () => undefined });
  names.delete('');
  return names;
}

function calledNode(node: Message, call: Call): Message {
  const { metadataProps: _, ...rest } = node;
  return {
    ...rest,
    ...(node.name && { name: call.rename(node.name) }),
    input: names(node.input, call),
    output: names(node.output, call),
    attribute: list(node.attribute).flatMap((attribute) => calledAttribute(attribute, call)),
  };
}

/** A reference to an attribute of the function gives way to its value, and vanishes where there is none. */
function calledAttribute(attribute: Message, call: Call): Message[] {
  if (attribute.refAttrName) {
    const value = call.attribute(attribute.refAttrName);
    return value ? [{ ...value, name: attribute.name }] : [];
  }
  return [
    {
      ...attribute,
      ...(attribute.g && { g: calledGraph(attribute.g, call) }),
      ...(attribute.graphs && { graphs: list(attribute.graphs).map((graph) => calledGraph(graph, call)) }),
    },
  ];
}

function calledGraph(graph: Message, call: Call): Message {
  const named = (items: Message[] | undefined) =>
    list(items).map((item) => ({ ...item, name: call.rename(item.name ?? '') }));
  return {
    ...graph,
    node: list(graph.node).map((node) => calledNode(node, call)),
    initializer: named(graph.initializer),
    sparseInitializer: list(graph.sparseInitializer).map((sparse) => ({
      ...sparse,
      values: named([sparse.values])[0],
    })),
    input: named(graph.input),
    output: named(graph.output),
    valueInfo: named(graph.valueInfo),
  };
}

function names(items: string[] | undefined, call: Call): string[] {
  return (items ?? []).map((name) => (name === '' ? '' : call.rename(name)));
}

function list(items: Message[] | undefined): Message[] {
  return items ?? [];
}
