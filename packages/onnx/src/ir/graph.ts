import { SnpError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { AttributeInit } from './attribute.js';
import { Node } from './node.js';
import { Value } from './value.js';

/** What `Graph.addNode` needs. An output given as a string becomes a new value of that name (made unique). */
export interface NodeInit {
  op: string;
  inputs: readonly (Value | undefined)[];
  outputs?: readonly (Value | string)[];
  attributes?: Record<string, AttributeInit>;
  name?: string;
  domain?: string;
  /** Insert in front of this node; default: at the end. */
  before?: Node;
}

/** An editable graph: nodes in topological order, values by name. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  /** Every value of this graph by name: inputs, initializers, node outputs. Names of outer graphs are not in here. */
  readonly values = new Map<string, Value>();
  /** The `GraphProto` this graph was read from: doc string, quantisation notes, sparse initializers, unknown fields. */
  proto: object | undefined;

  /** Every name that a value here, in a graph around or in one inside was ever given, with the number that was last put behind it. */
  readonly #names: Map<string, number>;

  constructor(
    public name = '',
    /** For subgraphs: the graph whose values may be read by name in here. */
    readonly parent?: Graph,
  ) {
    this.#names = parent ? parent.#names : new Map();
  }

  /** Initializers, in the order in which they were added. */
  get initializers(): Value[] {
    return [...this.values.values()].filter((value) => value.tensor);
  }

  /** The value `name` as seen from inside this graph: its own, or an outer graph's. */
  lookup(name: string): Value | undefined {
    return this.values.get(name) ?? this.parent?.lookup(name);
  }

  /** The value `name` of this graph; a missing one is an error. */
  value(name: string): Value {
    const value = this.values.get(name);
    if (!value) {
      throw new SnpError(
        'invalid-argument',
        `The graph has no value named '${name}'. Check the name with 'snp inspect'.`,
        {
          value: name,
        },
      );
    }
    return value;
  }

  /** Registers a new value; `name` must be free. */
  addValue(name: string): Value {
    if (this.values.has(name)) {
      throw new SnpError('invalid-file', `Two values are named '${name}'. Names must be unique within a graph.`, {
        value: name,
      });
    }
    const value = new Value(name);
    this.values.set(name, value);
    if (!this.#names.has(name)) this.#names.set(name, 0);
    return value;
  }

  /** `prefix` if no value here, in an outer graph or in a graph inside this one bears it, else `prefix` with a number. */
  uniqueName(prefix: string): string {
    const taken = (name: string) => this.#names.has(name) || this.lookup(name) !== undefined;
    if (!taken(prefix)) return prefix;
    // Counted on, since many names with one beginning would take time without bound otherwise.
    for (let n = (this.#names.get(prefix) ?? 0) + 1; ; n++) {
      const name = `${prefix}_${n}`;
      if (taken(name)) continue;
      this.#names.set(prefix, n);
      return name;
    }
  }

  /** Adds a constant under a name like `name` (made unique). */
  addInitializer(name: string, tensor: Tensor): Value {
    const value = this.addValue(this.uniqueName(name));
    value.tensor = tensor;
    value.type = { elementType: tensor.dataType, shape: [...tensor.dims] };
    return value;
  }

  /** Adds a node and returns it. Its outputs are `node.outputs`. */
  addNode(init: NodeInit): Node {
    const outputs = (init.outputs ?? [`${init.name || init.op}_output`]).map((output) =>
      output instanceof Value ? output : this.addValue(this.uniqueName(output)),
    );
    const node = new Node(init.op, init.inputs, outputs, init.name ?? '', init.domain ?? '');
    for (const [name, value] of Object.entries(init.attributes ?? {})) node.set(name, value);
    this.insert(node, init.before);
    return node;
  }

  /** Adds what a node is once more, with the same operator and attributes, on other inputs. Default outputs: one, as of `addNode`. */
  addCopy(node: Node, init: Pick<NodeInit, 'inputs' | 'outputs' | 'before'>): Node {
    const copy = this.addNode({ ...init, op: node.opType, domain: node.domain });
    for (const [name, attribute] of node.attributes) copy.attributes.set(name, attribute);
    return copy;
  }

  /** Takes a finished node into this graph, in front of `before` or at the end. */
  insert(node: Node, before?: Node): void {
    node.graph = this;
    const at = before ? this.nodes.indexOf(before) : -1;
    if (at < 0) this.nodes.push(node);
    else this.nodes.splice(at, 0, node);
  }

  /** Removes nodes together with their outputs, which nothing may read any more; if something does, nothing is removed. */
  removeNodes(doomed: Iterable<Node>): void {
    const set = new Set(doomed);
    if (set.size === 0) return;
    const topLevel = topLevelIn(this);
    for (const node of set) this.#checkUnread(node, (reader) => set.has(topLevel(reader)));
    for (const node of set) {
      node.truncateInputs(0);
      for (const graph of node.subgraphs) graph.releaseOuterUses();
      for (const output of node.outputs) if (output) this.values.delete(output.name);
      node.graph = undefined;
    }
    const kept = this.nodes.filter((node) => !set.has(node));
    this.nodes.length = 0;
    for (const node of kept) this.nodes.push(node);
  }

  #checkUnread(node: Node, isDoomed: (reader: Node) => boolean): void {
    for (const output of node.outputs) {
      const reader = output && [...output.uses].find((use) => !isDoomed(use.node));
      if (!output || (!reader && !this.outputs.includes(output))) continue;
      const where = reader ? `by node ${reader.node.label}` : 'as an output of the graph';
      throw new SnpError(
        'invalid-argument',
        `Node ${node.label} cannot be removed: '${output.name}' is still read ${where}. Let it read something else first.`,
        { node: node.label, value: output.name },
      );
    }
  }

  /** Removes what no graph output depends on: nodes first, then initializers nothing reads. */
  removeDead(): void {
    const outputs = new Set([...this.outputs, ...this.nodes.flatMap((node) => node.subgraphs.flatMap(outputsWithin))]);
    const doomed = new Set<Node>();
    const topLevel = topLevelIn(this);
    for (const node of [...this.nodes].reverse()) {
      const alive = node.outputs.some(
        (value) => value && (outputs.has(value) || [...value.uses].some((use) => !doomed.has(topLevel(use.node)))),
      );
      if (!alive) doomed.add(node);
    }
    this.removeNodes(doomed);
    const inputs = new Set(this.inputs);
    for (const value of this.values.values()) {
      if (value.tensor && value.uses.size === 0 && !outputs.has(value) && !inputs.has(value))
        this.values.delete(value.name);
    }
  }

  /** Lets go of the values of outer graphs, before this subgraph is dropped. */
  private releaseOuterUses(): void {
    for (const node of this.nodes) {
      node.truncateInputs(0);
      for (const graph of node.subgraphs) graph.releaseOuterUses();
    }
  }
}

/** Finds the node of `graph` that holds a node, directly or through subgraphs. */
function topLevelIn(graph: Graph): (node: Node) => Node {
  const holders = new Map(graph.nodes.flatMap((node) => node.subgraphs.map((inner) => [inner, node] as const)));
  return (node) => {
    let at = node.graph;
    while (at && at !== graph && at.parent !== graph) at = at.parent;
    return (at && holders.get(at)) ?? node;
  };
}

/** The outputs of a graph and of the graphs inside it, which may be values of outer graphs. */
function outputsWithin(graph: Graph): Value[] {
  return [...graph.outputs, ...graph.nodes.flatMap((node) => node.subgraphs.flatMap(outputsWithin))];
}
