import { attributeToProto } from '../codec/attributeProto.js';
import { codecFor, readNode } from '../codec/graphProto.js';
import type { Message } from '../codec/message.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { functionBody, namesWithin } from './functionBody.js';
import { changedOperator } from './versionChanges.js';

/** What `inlineFunctions` did. */
export interface InlinedFunctions {
  /** Number of calls that were replaced, by function (`domain.name`). */
  readonly inlined: Readonly<Record<string, number>>;
  /** Why functions that are called were left as they are, by function. */
  readonly left: Readonly<Record<string, string>>;
}

/**
 * Replaces, in place, calls of the model's own functions (`ModelProto.functions`) by the functions' nodes, in branches and bodies too and to any depth, so that
 * all that looks at nodes sees what they compute. Results do not change. Values of a body are named after the call: `call/value`. A
 * function stays, and its calls with it, where its body was written for another version of the operator set in which one of its operators means something else.
 *
 * @example
 * const { inlined } = inlineFunctions(model); // { 'pkg.LayerNorm': 4 }
 */
export function inlineFunctions(model: Model): InlinedFunctions {
  const definitions = new Map(functionsOf(model).map((definition) => [functionKey(definition), definition]));
  if (definitions.size === 0) return { inlined: {}, left: {} };
  const inlining = new Inlining(model, definitions);
  inlining.graph(model.graph);
  // A function that stays may call any other.
  const { functions, ...rest } = model.proto as Message;
  model.proto = Object.keys(inlining.left).length > 0 ? { ...rest, functions } : rest;
  return inlining;
}

function functionsOf(model: Model): Message[] {
  return ((model.proto as Message | undefined)?.functions ?? []) as Message[];
}

/** Functions are told apart by domain, name and overload. */
function functionKey({ domain, name, overload }: Message): string {
  return `${domain ? `${domain}.` : ''}${name}${overload ? `:${overload}` : ''}`;
}

/** Functions may not call themselves; a file in which they do so ends here. */
const MOST_DEPTH = 100;

class Inlining implements InlinedFunctions {
  readonly inlined: Record<string, number> = {};
  readonly left: Record<string, string> = {};
  readonly #names: Set<string>;

  constructor(
    readonly model: Model,
    readonly definitions: ReadonlyMap<string, Message>,
  ) {
    this.#names = new Set(namesOf(model.graph));
  }

  isLeft(key: string): boolean {
    return key in this.left;
  }

  graph(graph: Graph): void {
    const nodes = graph.nodes.splice(0);
    for (const node of nodes) this.#node(node, graph, 0);
  }

  /** Puts a node, or what it calls, at the end of the graph. */
  #node(node: Node, graph: Graph, depth: number): void {
    const key = functionKey({ domain: node.domain, name: node.opType, overload: node.overload });
    const definition = this.definitions.get(key);
    if (definition && this.#fits(key, definition, depth)) {
      this.inlined[key] = (this.inlined[key] ?? 0) + 1;
      for (const inner of this.#expanded(node, definition, graph)) this.#node(inner, graph, depth + 1);
    } else {
      graph.insert(node);
      for (const inner of node.subgraphs) this.graph(inner);
    }
  }

  /** Whether the body means the same among the model's nodes. Operator sets that only it uses become the model's. */
  #fits(key: string, definition: Message, depth: number): boolean {
    if (this.isLeft(key)) return false;
    if (depth >= MOST_DEPTH) {
      this.left[key] = `calls functions more than ${MOST_DEPTH} deep`;
      return false;
    }
    for (const { domain, version } of (definition.opsetImport ?? []) as Message[]) {
      const own = this.model.opsets.get(domain ?? '') ?? (domain ? undefined : this.model.opset);
      const stated = Number(version ?? 0n);
      if (own === undefined) this.model.opsets.set(domain ?? '', stated);
      else if (own !== stated && !domain) {
        const changed = changedOperator(definition, stated, own);
        if (!changed) continue;
        this.left[key] =
          `is written for operator set ${stated}, in which ${changed} is not what it is in the model's set ${own}`;
        return false;
      }
    }
    return true;
  }

  /** The nodes that take a call's place, in order. The call lets go of its values. */
  #expanded(node: Node, definition: Message, graph: Graph): Node[] {
    const names = this.#namesFor(node, definition);
    const passed = bind(node, definition, names);
    const rename = (name: string) => names.get(name) ?? name;
    const body = functionBody(definition, { rename, attribute: attributesOf(node, definition, graph) });
    // An input, or an output once more, is handed out by a node of its own.
    for (const [from, to] of passed) body.push({ opType: 'Identity', input: [rename(from)], output: [to] });
    release(node);
    const outputs = body.map((message) =>
      (message.output as string[]).map((name) => (name ? (graph.values.get(name) ?? graph.addValue(name)) : undefined)),
    );
    return body.map((message, at) => readNode(message, outputs[at], graph));
  }

  /** New names for all values of a body, with the call's name in front. */
  #namesFor(node: Node, definition: Message): Map<string, string> {
    const base = node.name || node.outputs.find((value) => value)?.name || node.opType;
    const own = [...namesWithin(definition)];
    let prefix = base;
    for (let n = 2; own.some((name) => this.#names.has(`${prefix}/${name}`)); n++) prefix = `${base}_${n}`;
    const names = new Map(own.map((name) => [name, `${prefix}/${name}`]));
    for (const name of names.values()) this.#names.add(name);
    return names;
  }
}

/**
 * Gives inputs and outputs of a function the names they have where it is called.
 *
 * @returns outputs that no node of the body computes under their own name: from which value to which
 */
function bind(node: Node, definition: Message, names: Map<string, string>): [from: string, to: string][] {
  const bound = new Set<string>();
  for (const [index, formal] of ((definition.input ?? []) as string[]).entries()) {
    names.set(formal, node.inputs[index]?.name ?? '');
    bound.add(formal);
  }
  const passed: [string, string][] = [];
  for (const [index, formal] of ((definition.output ?? []) as string[]).entries()) {
    const actual = node.outputs[index]?.name;
    if (actual === undefined) continue;
    if (bound.has(formal)) passed.push([formal, actual]);
    else names.set(formal, actual);
    bound.add(formal);
  }
  return passed;
}

/** Attributes of a call in the file's form, with the function's defaults. */
function attributesOf(node: Node, definition: Message, graph: Graph): (name: string) => Message | undefined {
  const codec = codecFor(graph);
  const stated = new Map(
    [...node.attributes].map(([name, attribute]) => [name, attributeToProto(name, attribute, codec)]),
  );
  const defaults = (definition.attributeProto ?? []) as Message[];
  return (name) => stated.get(name) ?? defaults.find((attribute) => attribute.name === name);
}

/** Takes a node from its values, whose names live on. */
function release(node: Node): void {
  node.truncateInputs(0);
  for (const graph of node.subgraphs) for (const inner of graph.nodes) release(inner);
  for (const output of node.outputs) if (output) output.producer = undefined;
  node.graph = undefined;
}

function namesOf(graph: Graph): string[] {
  return [...graph.values.keys(), ...graph.nodes.flatMap((node) => [node.name, ...node.subgraphs.flatMap(namesOf)])];
}
