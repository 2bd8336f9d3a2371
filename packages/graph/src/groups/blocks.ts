import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import type { Propagation } from '../walk/propagation.js';
import type { FoundGroup } from './findGroups.js';
import type { Block, NeuronGroup } from './group.js';
import { betweenResiduals, isPointwise } from './hiddenLayer.js';

/** Gives every group its place among the Transformer blocks and its name. */
export function arrangeBlocks(
  all: readonly FoundGroup[],
  walk: Propagation,
): { groups: NeuronGroup[]; blocks: Block[] } {
  // An FFN is one whether its projections are matrix products or convolutions of single pixels.
  const found = all.map((group) =>
    isPointwise(group) && betweenResiduals(group, walk) ? { ...group, kind: 'ffn' as const } : group,
  );
  const places = new Places(walk);
  const blockOf = found.map((group) => places.blockOf(group));
  const names = new Map<string, number>();
  const counts = new Map<string, number>();
  const prefix = (group: FoundGroup, at: number) =>
    blockOf[at] === undefined ? group.kind : `blocks.${blockOf[at]}.${group.kind}`;
  for (const [at, group] of found.entries()) counts.set(prefix(group, at), (counts.get(prefix(group, at)) ?? 0) + 1);
  const groups = found.map((group, at): NeuronGroup => {
    const name = prefix(group, at);
    const number = names.get(name) ?? 0;
    names.set(name, number + 1);
    const lone = counts.get(name) === 1;
    return { ...group, id: lone ? name : `${name}.${number}`, block: blockOf[at] };
  });
  return { groups, blocks: places.blocks(groups) };
}

/** The attentions of a model in graph order, each with what it is reached from and what it carries. */
class Places {
  readonly #mixers: readonly Node[];
  readonly #position: ReadonlyMap<Node, number>;
  /** The first attention whose map a product of activations reaches. */
  readonly #mixerOfProduct: ReadonlyMap<Node, number>;
  /** The first attention that carries a class of labels. */
  readonly #mixerOfClass = new Map<number, number>();

  constructor(private readonly walk: Propagation) {
    this.#position = new Map(walk.graph.nodes.map((node, at) => [node, at]));
    const written = writtenClasses(walk);
    const mixers = new Set(walk.mixers.filter((node) => carriesNeurons(node, walk, written)));
    const halves = halvesOf(mixers, walk, written);
    this.#mixers = [...mixers]
      .filter((node) => !halves.has(node))
      .sort((a, b) => this.#position.get(a)! - this.#position.get(b)!);
    this.#mixerOfProduct = mixersOfProducts(this.#mixers, walk, written);
    for (const [index, mixer] of this.#mixers.entries())
      for (const root of classesAt(mixer, walk)) if (!this.#mixerOfClass.has(root)) this.#mixerOfClass.set(root, index);
  }

  blockOf(group: FoundGroup): number | undefined {
    const { labels } = this.walk;
    switch (group.kind) {
      case 'query-key':
        return least(readersOf(group), (node) => this.#mixerOfProduct.get(node));
      case 'value':
        return least(group.labels, (label) => this.#mixerOfClass.get(labels.find(label)));
      case 'ffn': {
        if (!betweenResiduals(group, this.walk)) return undefined;
        const reader = least(group.sites, ({ node }) => this.#position.get(node)) ?? Number.POSITIVE_INFINITY;
        const index = this.#mixers.findLastIndex((mixer) => this.#position.get(mixer)! < reader);
        return index < 0 ? undefined : index;
      }
      default:
        return undefined;
    }
  }

  /** One block for every attention, with the groups that have their place there. */
  blocks(groups: readonly NeuronGroup[]): Block[] {
    const own = this.#mixers.map((): NeuronGroup[] => []);
    for (const group of groups) if (group.block !== undefined) own[group.block].push(group);
    return this.#mixers.map((mixer, index) => blockAt(index, mixer, own[index], this.#position));
  }
}

/** The smallest number that some item has. */
function least<T>(items: Iterable<T>, numberOf: (item: T) => number | undefined): number | undefined {
  let smallest: number | undefined;
  for (const item of items) {
    const number = numberOf(item);
    if (number !== undefined && (smallest === undefined || number < smallest)) smallest = number;
  }
  return smallest;
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

/** The classes that the outputs of a node bear, by the first position of each field. */
function classesAt({ outputs }: Node, { layouts, labels }: Propagation): number[] {
  const fields = outputs.flatMap((value) => (value ? (layouts.get(value)?.fields ?? []) : []));
  return fields.map((field) => labels.find(field.labels[0]));
}

/** The attention map bears no neurons, what goes into it and comes out of it does. */
function carriesNeurons(node: Node, walk: Propagation, written: ReadonlySet<number>): boolean {
  return classesAt(node, walk).some((root) => written.has(root));
}

/** Products of keys with values, where these come first: the product with the queries behind, which contracts the keys' neurons, is the attention. */
function halvesOf(
  mixers: ReadonlySet<Node>,
  { contractions, layouts, labels }: Propagation,
  written: ReadonlySet<number>,
): ReadonlySet<Node> {
  const halves = new Set<Node>();
  const seen = new Map<Node, Set<number>>();
  for (const { node, index, field, betweenActivations } of contractions) {
    const root = labels.find(field.labels[0]);
    // Positions are contracted too, and carried by all.
    if (!betweenActivations || !written.has(root)) continue;
    const ahead = [node.inputs[index]];
    while (ahead.length > 0) {
      const value = ahead.pop();
      const producer = value?.producer;
      const carries = value && layouts.get(value)?.fields.some((own) => labels.find(own.labels[0]) === root);
      const known = producer && (seen.get(producer) ?? new Set());
      if (!producer || !carries || known?.has(root)) continue;
      seen.set(producer, known!.add(root));
      if (mixers.has(producer)) halves.add(producer);
      else ahead.push(...producer.inputs);
    }
  }
  return halves;
}

/** The products of activations whose result reaches the attention map that a mixer applies, with the first such mixer. */
function mixersOfProducts(
  mixers: readonly Node[],
  walk: Propagation,
  written: ReadonlySet<number>,
): ReadonlyMap<Node, number> {
  const neurons = walk.contractions.filter(
    ({ betweenActivations, field }) => betweenActivations && written.has(walk.labels.find(field.labels[0])),
  );
  const products = new Set(neurons.map(({ node }) => node));
  const found = new Map<Node, number>();
  // What one mixer was reached from needs no second look: a later one is not the first.
  const seen = new Set<Node>();
  for (const [index, mixer] of mixers.entries()) {
    const ahead: (Node | undefined)[] = [mixer];
    while (ahead.length > 0) {
      const node = ahead.pop();
      if (!node || (seen.has(node) && node !== mixer)) continue;
      seen.add(node);
      if (products.has(node)) found.set(node, found.get(node) ?? index);
      else if (node === mixer || !carriesNeurons(node, walk, written))
        for (const value of node.inputs) ahead.push(value?.producer);
    }
  }
  return found;
}

/** Nodes where scores are made of a group's units: an operator with the projections in it reads the weights itself. */
function readersOf({ sites, members }: FoundGroup): Node[] {
  return [...sites.map(({ node }) => node), ...members.flatMap(({ readers }) => readers)];
}

function blockAt(index: number, mixer: Node, own: readonly NeuronGroup[], position: ReadonlyMap<Node, number>): Block {
  const nodes = own.flatMap((group) => [
    ...group.members.flatMap((member) => member.readers),
    ...group.sites.map((site) => site.node),
  ]);
  const places = [mixer, ...nodes].flatMap((node) => position.get(node) ?? []).sort((a, b) => a - b);
  const queryKey = own.find((group) => group.kind === 'query-key');
  const value = own.find((group) => group.kind === 'value');
  return {
    index,
    heads: Math.max(queryKey?.lanes ?? 1, value?.lanes ?? 1),
    keyHeads: value?.lanes ?? queryKey?.lanes ?? 1,
    queryKey,
    value,
    ffn: own.filter((group) => group.kind === 'ffn'),
    attention: mixer,
    nodes: [places[0], places[places.length - 1]],
  };
}
