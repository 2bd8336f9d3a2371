import { dimsEqual, type Node, type Value } from '@snp/onnx';
import type { Propagation } from '../propagate/propagation.js';
import type { Block, Group, Member } from './group.js';

/** What a branch of the residual stream holds. */
export type BranchKind = 'attention' | 'ffn' | 'block';

/**
 * A part of the model that adds something to the residual stream, as a group of one unit: without it the stream goes on as it was. Members are the
 * weights that serve nothing else, whole.
 */
export interface Branch extends Group {
  readonly holds: BranchKind;
  /** The addition of stream and branch. */
  readonly sum: Node;
  /** Which input of `sum` is the stream; the other one is the branch. */
  readonly stream: 0 | 1;
  /** Nodes that serve nothing else. */
  readonly nodes: ReadonlySet<Node>;
  /** Groups all of whose neurons lie in the branch. */
  readonly groups: readonly Group[];
}

/** Finds the additions by which attention and FFN write to the residual stream, in graph order. */
export function findBranches(walk: Propagation, groups: readonly Group[], blocks: readonly Block[]): Branch[] {
  const position = new Map(walk.graph.nodes.map((node, at) => [node, at]));
  const products = new Set(walk.contractions.map(({ node }) => node));
  const counts = new Map<string, number>();
  return walk.graph.nodes.flatMap((sum): Branch[] => {
    const stream = streamOf(sum, walk, position);
    if (stream === undefined) return [];
    const nodes = servingOnly(sum, stream, walk);
    if (![...nodes].some((node) => products.has(node))) return [];
    const own = groups.filter((group) => liesIn(group, nodes));
    const block = blocks.find(({ attention }) => nodes.has(attention));
    const ffn = own.find(({ kind }) => kind === 'ffn' || kind === 'channel');
    if (!block && !ffn) return [];
    const holds = block && ffn ? 'block' : block ? 'attention' : 'ffn';
    const index = block?.index ?? ffn?.block;
    const name = `${index === undefined ? '' : `blocks.${index}.`}${holds}-branch`;
    const number = counts.get(name) ?? 0;
    counts.set(name, number + 1);
    const id = number === 0 ? name : `${name}.${number}`;
    return [{ ...wholeUnit(id, index, nodes, walk), holds, sum, stream, nodes, groups: own }];
  });
}

/** A group of one unit that holds all weights only some nodes read. */
function wholeUnit(id: string, block: number | undefined, nodes: ReadonlySet<Node>, { graph }: Propagation): Group {
  const members = graph.initializers.flatMap((initializer): Member[] => {
    const readers = initializer.consumers;
    const own = readers.length > 0 && readers.every((node) => nodes.has(node)) && initializer.tensor!.size > 1;
    const unitOf = new Int32Array(initializer.tensor!.dims[0] ?? 0);
    return own && isFloat(initializer)
      ? [{ initializer, axis: 0, role: 'output', unitOf, use: undefined, readers }]
      : [];
  });
  const one = { units: 1, lanes: 1, laneOf: new Int32Array(1), labels: new Int32Array(), sites: [] };
  return { id, kind: 'block', block, members, ...one };
}

function isFloat({ tensor }: Value): boolean {
  return /FLOAT|DOUBLE/.test(tensor!.dataType);
}

/** The input of an addition that the other input is computed from, if both have the shape of the sum. */
function streamOf(sum: Node, walk: Propagation, position: ReadonlyMap<Node, number>): 0 | 1 | undefined {
  if (
    sum.op !== 'Add' ||
    walk.graph.outputs.includes(sum.outputs[0]!) ||
    !walk.isActivation(sum, 0) ||
    !walk.isActivation(sum, 1)
  )
    return undefined;
  const shapes = [sum.inputs[0], sum.inputs[1], sum.outputs[0]].map((value) => walk.shape(value));
  const alike = shapes.every(
    (shape) => shape?.length === shapes[0]?.length && shape?.every((dim, axis) => dimsEqual(dim, shapes[0]![axis])),
  );
  if (!alike) return undefined;
  return ([0, 1] as const).find((index) => dependsOn(sum.inputs[1 - index]!, sum.inputs[index]!, position));
}

function dependsOn(value: Value, source: Value, position: ReadonlyMap<Node, number>): boolean {
  const first = source.producer ? position.get(source.producer)! : -1;
  const seen = new Set<Value>();
  const visit = (at: Value): boolean => {
    if (at === source) return true;
    if (seen.has(at) || !at.producer || position.get(at.producer)! <= first) return false;
    seen.add(at);
    return at.producer.inputs.some((input) => input && visit(input));
  };
  return value !== source && visit(value);
}

/** Nodes that nobody needs once the sum is the stream alone. */
function servingOnly(sum: Node, stream: 0 | 1, { graph }: Propagation): Set<Node> {
  const kept = new Set([...graph.outputs, sum.inputs[stream]]);
  const dead = new Set<Node>();
  const visit = (node: Node | undefined) => {
    if (!node || dead.has(node)) return;
    const needed = node.outputs.some(
      (value) => value && (kept.has(value) || value.consumers.some((reader) => reader !== sum && !dead.has(reader))),
    );
    if (needed) return;
    dead.add(node);
    for (const value of node.inputs) visit(value?.producer);
  };
  visit(sum.inputs[1 - stream]?.producer);
  return dead;
}

function liesIn({ members, sites }: Group, nodes: ReadonlySet<Node>): boolean {
  const readers = [...members.flatMap((member) => member.readers), ...sites.map(({ node }) => node)];
  return readers.every((node) => nodes.has(node));
}
