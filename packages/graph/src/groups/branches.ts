import { dimsEqual, type Node, type Value } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';
import type { Block, Member, NeuronGroup, WholeGroup } from './group.js';

/** What a branch of the residual stream holds. */
export type BranchKind = 'attention' | 'ffn' | 'block';

/**
 * A part of the model that adds something to the residual stream, as a group of one unit: without it the stream goes on as it was. Members are the
 * weights that serve nothing else, whole.
 */
export interface Branch extends WholeGroup {
  readonly kind: 'block';
  readonly holds: BranchKind;
  /** The addition of stream and branch. */
  readonly sum: Node;
  /** Which input of `sum` is the stream; the other one is the branch. */
  readonly stream: 0 | 1;
  /** Nodes that serve nothing else. */
  readonly nodes: ReadonlySet<Node>;
  /** Groups all of whose neurons lie in the branch. */
  readonly groups: readonly NeuronGroup[];
}

/** Nodes that are looked at for all branches together, for each node of the graph: branches within branches must not take time without bound. */
const MOST_WORK_PER_NODE = 64;

/** Finds the additions by which attention and FFN write to the residual stream, in graph order. */
export function findBranches(walk: Propagation, groups: readonly NeuronGroup[], blocks: readonly Block[]): Branch[] {
  const search = new BranchSearch(walk);
  const products = new Set(walk.contractions.map(({ node }) => node));
  const blockOf = new Map(blocks.map((block) => [block.attention, block]));
  const groupsAt = new Map<Node, NeuronGroup[]>();
  for (const group of groups) {
    const reader = firstReader(group);
    if (reader) groupsAt.set(reader, [...(groupsAt.get(reader) ?? []), group]);
  }
  const order = new Map(groups.map((group, at) => [group, at]));
  const counts = new Map<string, number>();
  return walk.graph.nodes.flatMap((sum): Branch[] => {
    const stream = search.streamOf(sum);
    if (stream === undefined) return [];
    const nodes = search.servingOnly(sum, stream);
    const list = [...nodes];
    if (!list.some((node) => products.has(node))) return [];
    const own = list
      .flatMap((node) => groupsAt.get(node) ?? [])
      .filter((group) => liesIn(group, nodes))
      .sort((a, b) => order.get(a)! - order.get(b)!);
    const block = list.flatMap((node) => blockOf.get(node) ?? []).sort((a, b) => a.index - b.index)[0];
    const ffn = own.find(({ kind }) => kind === 'ffn' || kind === 'channel');
    if (!block && !ffn) return [];
    const holds = block && ffn ? 'block' : block ? 'attention' : 'ffn';
    const index = block?.index ?? ffn?.block;
    const name = `${index === undefined ? '' : `blocks.${index}.`}${holds}-branch`;
    const number = counts.get(name) ?? 0;
    counts.set(name, number + 1);
    const id = number === 0 ? name : `${name}.${number}`;
    return [{ ...search.wholeUnit(id, index, nodes), holds, sum, stream, nodes, groups: own }];
  });
}

/** Looks for branches of one graph. */
class BranchSearch {
  readonly #position: ReadonlyMap<Node, number>;
  readonly #initializers: ReadonlyMap<Value, number>;
  readonly #outputs: ReadonlySet<Value>;
  /** Nodes that may still be looked at; once there are none, no more branches are found. */
  #workLeft: number;

  constructor(private readonly walk: Propagation) {
    const { graph } = walk;
    this.#position = new Map(graph.nodes.map((node, at) => [node, at]));
    this.#initializers = new Map(graph.initializers.map((value, at) => [value, at]));
    this.#outputs = new Set(graph.outputs);
    this.#workLeft = MOST_WORK_PER_NODE * graph.nodes.length;
  }

  /** The input of an addition that the other input is computed from, if both have the shape of the sum. */
  streamOf(sum: Node): 0 | 1 | undefined {
    const { walk } = this;
    if (
      sum.op !== 'Add' ||
      this.#outputs.has(sum.outputs[0]!) ||
      !walk.isActivation(sum, 0) ||
      !walk.isActivation(sum, 1)
    )
      return undefined;
    const shapes = [sum.inputs[0], sum.inputs[1], sum.outputs[0]].map((value) => walk.shape(value));
    const alike = shapes.every(
      (shape) => shape?.length === shapes[0]?.length && shape?.every((dim, axis) => dimsEqual(dim, shapes[0]![axis])),
    );
    if (!alike) return undefined;
    return ([0, 1] as const).find((index) => this.#dependsOn(sum.inputs[1 - index]!, sum.inputs[index]!));
  }

  #dependsOn(value: Value, source: Value): boolean {
    if (value === source) return false;
    const first = source.producer ? this.#position.get(source.producer)! : -1;
    const seen = new Set([value]);
    const ahead = [value];
    for (let at = ahead.pop(); at && this.#workLeft > 0; at = ahead.pop()) {
      this.#workLeft--;
      if (!at.producer || this.#position.get(at.producer)! <= first) continue;
      for (const input of at.producer.inputs) {
        if (input === source) return true;
        if (!input || seen.has(input)) continue;
        seen.add(input);
        ahead.push(input);
      }
    }
    return false;
  }

  /** Nodes that nobody needs once the sum is the stream alone. */
  servingOnly(sum: Node, stream: 0 | 1): Set<Node> {
    const kept = sum.inputs[stream]!;
    const dead = new Set<Node>();
    // How many uses of a value are left.
    const uses = new Map<Value, number>();
    const isNeeded = (value: Value | undefined) =>
      value && (value === kept || this.#outputs.has(value) || (uses.get(value) ?? value.uses.size) > 0);
    const lost: Value[] = [sum.inputs[1 - stream]!];
    for (let value = lost.pop(); value && this.#workLeft > 0; value = lost.pop()) {
      this.#workLeft--;
      uses.set(value, (uses.get(value) ?? value.uses.size) - 1);
      const { producer } = value;
      if (!producer || dead.has(producer) || producer.outputs.some(isNeeded)) continue;
      dead.add(producer);
      for (const input of producer.inputs) if (input) lost.push(input);
    }
    return this.#workLeft > 0 ? dead : new Set();
  }

  /** A group of one unit that holds all weights only some nodes read. */
  wholeUnit(id: string, block: number | undefined, nodes: ReadonlySet<Node>): WholeGroup & { kind: 'block' } {
    const read = new Set([...nodes].flatMap(({ inputs }) => inputs.filter((value) => value?.tensor) as Value[]));
    const weights = [...read]
      .filter((value) => this.#initializers.has(value))
      .sort((a, b) => this.#initializers.get(a)! - this.#initializers.get(b)!);
    const members = weights.flatMap((initializer): Member[] => {
      const readers = initializer.consumers;
      const own = readers.every((node) => nodes.has(node)) && initializer.tensor!.size > 1;
      const unitOf = new Int32Array(initializer.tensor!.dims[0] ?? 0);
      return own && isFloat(initializer)
        ? [{ initializer, axis: 0, role: 'output', unitOf, use: undefined, readers }]
        : [];
    });
    const one = { units: 1, lanes: 1, laneOf: new Int32Array(1), sites: [] };
    return { id, kind: 'block', block, members, ...one };
  }
}

function isFloat({ tensor }: Value): boolean {
  return /FLOAT|DOUBLE/.test(tensor!.dataType);
}

function firstReader({ members, sites }: NeuronGroup): Node | undefined {
  return members.find(({ readers }) => readers.length > 0)?.readers[0] ?? sites[0]?.node;
}

function liesIn({ members, sites }: NeuronGroup, nodes: ReadonlySet<Node>): boolean {
  return (
    members.every(({ readers }) => readers.every((node) => nodes.has(node))) &&
    sites.every(({ node }) => nodes.has(node))
  );
}
