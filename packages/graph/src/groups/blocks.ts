import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import type { Propagation } from '../propagate/propagation.js';
import type { FoundGroup } from './findGroups.js';
import type { Block, Group } from './group.js';
import { betweenResiduals, isPointwise } from './hiddenLayer.js';

/** Gives every group its place among the Transformer blocks and its name. */
export function arrangeBlocks(all: readonly FoundGroup[], walk: Propagation): { groups: Group[]; blocks: Block[] } {
  // An FFN is one whether its projections are matrix products or convolutions of single pixels.
  const found = all.map((group) =>
    isPointwise(group) && betweenResiduals(group, walk) ? { ...group, kind: 'ffn' as const } : group,
  );
  const position = new Map(walk.graph.nodes.map((node, at) => [node, at]));
  const written = writtenClasses(walk);
  const mixers = [...new Set(walk.mixers)]
    .filter((node) => carriesNeurons(node, walk, written))
    .sort((a, b) => position.get(a)! - position.get(b)!);
  const scores = mixers.map((mixer) => scoreNodes(mixer, walk, written));
  const blockOf = found.map((group) => blockOfGroup(group, mixers, scores, walk, position));
  const names = new Map<string, number>();
  const counts = new Map<string, number>();
  const prefix = (group: FoundGroup, at: number) =>
    blockOf[at] === undefined ? group.kind : `blocks.${blockOf[at]}.${group.kind}`;
  for (const [at, group] of found.entries()) counts.set(prefix(group, at), (counts.get(prefix(group, at)) ?? 0) + 1);
  const groups = found.map((group, at): Group => {
    const name = prefix(group, at);
    const number = names.get(name) ?? 0;
    names.set(name, number + 1);
    const lone = counts.get(name) === 1;
    return { ...group, id: lone ? name : `${name}.${number}`, block: blockOf[at] };
  });
  return {
    groups,
    blocks: mixers.map((mixer, index) => blockAt(index, mixer, groups, position)).reduce(boundByPrevious, []),
  };
}

/** Classes that some weight writes: neurons, as opposed to places that a position embedding tells apart and heads that a table of biases has numbers for. */
function writtenClasses({ labels }: Propagation): ReadonlySet<number> {
  const roots = new Set<number>();
  for (const slot of labels.slots) {
    if (!slot.roles.has('output')) continue;
    for (let label = slot.first; label < slot.first + slot.size; label++)
      if (!labels.has(label, Mark.head)) roots.add(labels.find(label));
  }
  return roots;
}

/** The attention map bears no neurons, what goes into it and comes out of it does. */
function carriesNeurons(node: Node, walk: Propagation, written: ReadonlySet<number>): boolean {
  return node.outputs.some((value) =>
    (value ? (walk.layouts.get(value)?.fields ?? []) : []).some((field) =>
      written.has(walk.labels.find(field.labels[0])),
    ),
  );
}

/** The products of activations whose result reaches the attention map that `mixer` applies. */
function scoreNodes(mixer: Node, walk: Propagation, written: ReadonlySet<number>): Set<Node> {
  const neurons = walk.contractions.filter(
    ({ betweenActivations, field }) => betweenActivations && written.has(walk.labels.find(field.labels[0])),
  );
  const products = new Set(neurons.map(({ node }) => node));
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (node: Node | undefined) => {
    if (!node || seen.has(node)) return;
    seen.add(node);
    if (products.has(node)) found.add(node);
    else if (node === mixer || !carriesNeurons(node, walk, written))
      for (const value of node.inputs) visit(value?.producer);
  };
  visit(mixer);
  return found;
}

function blockOfGroup(
  group: FoundGroup,
  mixers: readonly Node[],
  scores: readonly Set<Node>[],
  walk: Propagation,
  position: ReadonlyMap<Node, number>,
): number | undefined {
  const at = (index: number) => (index >= 0 ? index : undefined);
  switch (group.kind) {
    case 'query-key':
      return at(scores.findIndex((nodes) => readersOf(group).some((node) => nodes.has(node))));
    case 'value':
      return at(mixers.findIndex((mixer) => carriesGroup(mixer, group, walk)));
    case 'ffn': {
      if (!betweenResiduals(group, walk)) return undefined;
      const reader = Math.min(...group.sites.map((site) => position.get(site.node)!));
      return at(mixers.findLastIndex((mixer) => position.get(mixer)! < reader));
    }
    default:
      return undefined;
  }
}

/** Nodes where scores are made of a group's units: an operator with the projections in it reads the weights itself. */
function readersOf({ sites, members }: FoundGroup): Node[] {
  return [...sites.map(({ node }) => node), ...members.flatMap(({ readers }) => readers)];
}

function carriesGroup(mixer: Node, group: FoundGroup, walk: Propagation): boolean {
  const roots = new Set([...group.labels].map((label) => walk.labels.find(label)));
  return mixer.outputs.some((value) =>
    (value ? (walk.layouts.get(value)?.fields ?? []) : []).some((field) =>
      roots.has(walk.labels.find(field.labels[0])),
    ),
  );
}

function blockAt(index: number, mixer: Node, groups: readonly Group[], position: ReadonlyMap<Node, number>): Block {
  const own = groups.filter((group) => group.block === index);
  const nodes = own.flatMap((group) => [
    ...group.members.flatMap((member) => member.readers),
    ...group.sites.map((site) => site.node),
  ]);
  const places = [mixer, ...nodes].flatMap((node) => position.get(node) ?? []);
  const queryKey = own.find((group) => group.kind === 'query-key');
  const value = own.find((group) => group.kind === 'value');
  return {
    index,
    heads: queryKey?.lanes ?? value?.lanes ?? 1,
    queryKey,
    value,
    ffn: own.filter((group) => group.kind === 'ffn'),
    attention: mixer,
    nodes: [Math.min(...places), Math.max(...places)],
  };
}

/** Blocks follow one another: each begins where the one before it ended. */
function boundByPrevious(blocks: Block[], block: Block): Block[] {
  const previous = blocks[blocks.length - 1];
  const first = previous ? previous.nodes[1] + 1 : block.nodes[0];
  return [...blocks, { ...block, nodes: [Math.min(first, block.nodes[0]), block.nodes[1]] }];
}
