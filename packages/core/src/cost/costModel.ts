import { type Analysis, type Group, unitGroups } from '@snp/graph';
import {
  type CostOptions,
  costOf,
  evaluateDim,
  type Node,
  nodeMacs,
  parameterCount,
  type Use,
  type Value,
} from '@snp/onnx';
import { branchesByNode } from '../plan/branchesByNode.js';
import { laneWidth, type Widths } from '../plan/widths.js';
import { MultiAffine } from './multiAffine.js';
import { type SizedNode, sizedNodes } from './sizedNodes.js';

/** What a model costs in the sizes that budgets limit. */
export interface Cost {
  /** Multiply-accumulate operations of one run at batch 1. */
  macs: number;
  params: number;
  /** Bytes of the weights. */
  bytes: number;
}

/** A node whose cost depends on widths. */
interface CostlyNode extends Pick<SizedNode, 'groups' | 'isLeftOut'> {
  /** MACs by the widths of `groups`. */
  macs: MultiAffine;
}

/** Positions along one axis of a weight that the same groups have a say in: neurons, and the heads they belong to. */
interface Segment {
  length: number;
  groups: readonly Group[];
}

/** A weight by the segments of its axes. */
interface SizedWeight {
  axes: readonly (readonly Segment[])[];
  bytesPerElement: number;
  /** The branches each of its readers leaves with; it leaves with the last of them. */
  uses: readonly (readonly string[])[];
}

/**
 * What a model will cost at any widths, without making it: whichever units leave, the numbers are those of the model that
 * surgery makes.
 */
export class CostModel {
  readonly #dims: Readonly<Record<string, number>>;
  readonly #nodes: readonly CostlyNode[];
  readonly #weights: readonly SizedWeight[];
  /** What no width changes. */
  readonly #fixed: Cost;

  constructor(analysis: Analysis, { dims }: Pick<CostOptions, 'dims'> = {}) {
    const full = costOf(analysis.model, { shapes: analysis.shapes, ...(dims && { dims }) });
    this.#dims = full.dims;
    const sized = new Map(sizedNodes(analysis).map((one) => [one.node, one]));
    let fixed = 0;
    const nodes: CostlyNode[] = [];
    for (const { node, macs = 0 } of full.nodes) {
      const own = sized.get(node);
      if (own && own.groups.length > 0 && macs > 0) nodes.push({ ...own, macs: this.#countOf(own) });
      else fixed += macs;
    }
    this.#nodes = nodes;
    const weights = weightsOf(analysis);
    const changes = ({ axes, uses }: SizedWeight) =>
      uses.every((branches) => branches.length > 0) || axes.flat().some(({ groups }) => groups.length > 0);
    this.#weights = weights.filter(changes);
    const rest = sizeOf(
      weights.filter((weight) => !changes(weight)),
      {},
    );
    this.#fixed = { macs: fixed, ...rest };
  }

  /** What widths of neurons have a say in: all operations and weights with at least one dimension in a group of them. */
  prunable(): Cost {
    const neurons = (groups: readonly Group[]) => groups.some(({ kind }) => kind !== 'head' && kind !== 'block');
    const macs = this.#nodes
      .filter(({ groups }) => neurons(groups))
      .reduce((sum, node) => sum + this.#macs(node, {}), 0);
    const size = sizeOf(
      this.#weights.filter(({ axes }) => axes.flat().some(({ groups }) => neurons(groups))),
      {},
    );
    return { macs, params: size.params, bytes: Math.round(size.bytes) };
  }

  /** The cost at given widths; groups that are not named are whole. */
  at(widths: Widths): Cost {
    const { params, bytes } = sizeOf(this.#weights, widths);
    const macs = this.#nodes.reduce((sum, node) => sum + this.#macs(node, widths), this.#fixed.macs);
    return { macs, params: params + this.#fixed.params, bytes: Math.round(bytes + this.#fixed.bytes) };
  }

  #macs({ groups, isLeftOut, macs }: CostlyNode, widths: Widths): number {
    return isLeftOut(widths) ? 0 : macs.at(groups.map((group) => widths[group.id] ?? laneWidth(group)));
  }

  /** The MACs of a node by the widths of its groups. */
  #countOf({ node, groups, shapesAt }: SizedNode): MultiAffine {
    const count = (numbers: readonly number[]) => {
      const widths = Object.fromEntries(groups.map(({ id }, at) => [id, numbers[at]]));
      const dim = nodeMacs(node, shapesAt(widths));
      return dim === undefined ? 0 : evaluateDim(dim, this.#dims);
    };
    return new MultiAffine(count, groups.map(laneWidth));
  }
}

function weightsOf(analysis: Analysis): SizedWeight[] {
  const members = new Map<Value, SizedMember[]>();
  for (const group of unitGroups(analysis)) {
    if (group.kind === 'block') continue;
    for (const { initializer, axis, unitOf, use, readers } of group.members) {
      const own = members.get(initializer) ?? [];
      own.push({ axis, group, unitOf, readers: use && readers });
      members.set(initializer, own);
    }
  }
  const branchesOf = branchesByNode(analysis);
  const branchesAt = ({ node }: Use) => branchesOf(node).map(({ id }) => id);
  return analysis.model.graph.initializers.flatMap((value): SizedWeight[] => {
    const counts = [...value.uses].some(({ node, index }) => parameterCount(node, index) > 0);
    if (!counts) return [];
    const { dims, byteLength, size } = value.tensor!;
    const bytesPerElement = byteLength / Math.max(1, size);
    return variantsOf(value, members.get(value) ?? []).map(({ own, uses }) => {
      const along = (axis: number) => own.filter((member) => member.axis === axis);
      const axes = dims.map((length, axis) => segmentsOf(length, along(axis)));
      return { axes, bytesPerElement, uses: uses.map(branchesAt) };
    });
  });
}

interface SizedMember {
  axis: number;
  group: Group;
  unitOf: Int32Array;
  /** Where the weight is shared by chance: the nodes that read it with these units. */
  readers: readonly Node[] | undefined;
}

/** What a weight will be in the file: readers of different groups get copies of vectors, and pick from larger tables what they need. */
function variantsOf(value: Value, members: readonly SizedMember[]): { own: readonly SizedMember[]; uses: Use[] }[] {
  const uses = [...value.uses];
  const groups = new Set(members.flatMap(({ group, readers }) => (readers ? [group] : [])));
  if (groups.size < 2) return [{ own: members, uses }];
  if (value.tensor!.dims.filter((dim) => dim > 1).length > 1) return [{ own: [], uses }];
  const of = (group: Group) => members.filter((member) => member.group === group);
  const variants = [...groups].map((group) => {
    const readers = new Set(of(group).flatMap(({ readers = [] }) => readers));
    return { own: of(group), uses: uses.filter(({ node }) => readers.has(node)) };
  });
  const rest = uses.filter((use) => !variants.some((variant) => variant.uses.includes(use)));
  return rest.length > 0 ? [...variants, { own: [], uses: rest }] : variants;
}

function segmentsOf(length: number, members: readonly { group: Group; unitOf: Int32Array }[]): Segment[] {
  if (members.length === 0) return [{ length, groups: [] }];
  const segments = new Map<string, { length: number; groups: Group[] }>();
  for (let at = 0; at < length; at++) {
    const groups = members.filter(({ unitOf }) => unitOf[at] >= 0).map(({ group }) => group);
    const key = groups.map(({ id }) => id).join();
    const known = segments.get(key);
    if (known) known.length++;
    else segments.set(key, { length: 1, groups });
  }
  return [...segments.values()];
}

function sizeOf(weights: readonly SizedWeight[], widths: Widths): { params: number; bytes: number } {
  let [params, bytes] = [0, 0];
  const shareOf = (share: number, group: Group) => (share * (widths[group.id] ?? laneWidth(group))) / laneWidth(group);
  for (const { axes, bytesPerElement, uses } of weights) {
    if (uses.every((branches) => branches.some((id) => widths[id] === 0))) continue;
    const left = axes.reduce(
      (elements, segments) =>
        elements *
        Math.round(segments.reduce((sum, { length, groups }) => sum + length * groups.reduce(shareOf, 1), 0)),
      1,
    );
    params += left;
    bytes += left * bytesPerElement;
  }
  return { params, bytes };
}
