import type { Analysis, Group, Layout } from '@snp/graph';
import {
  type CostOptions,
  costOf,
  evaluateDim,
  type Node,
  nodeMacs,
  parameterCount,
  type ShapeInfo,
  type Value,
} from '@snp/onnx';
import { Shrinkage } from '../surgery/shrinkage.js';
import { laneWidth, type Widths } from './widths.js';

/** What a model costs in the sizes that budgets limit. */
export interface Cost {
  /** Multiply-accumulate operations of one run at batch 1. */
  macs: number;
  params: number;
  /** Bytes of the weights. */
  bytes: number;
}

/** A node whose cost depends on widths. */
interface SizedNode {
  node: Node;
  groups: readonly Group[];
  /** MACs by the widths of `groups`: planners ask for the same ones again and again. */
  known: Map<string, number>;
}

/** Weights of which groups take slices. */
interface SizedWeight {
  dims: readonly number[];
  bytesPerElement: number;
  cuts: readonly { axis: number; group: Group; indices: number }[];
}

/**
 * What a model will cost at any widths, without making it: whichever units leave, the numbers are those of the model that
 * surgery makes.
 */
export class CostModel {
  readonly #analysis: Analysis;
  readonly #dims: Readonly<Record<string, number>>;
  readonly #nodes: readonly SizedNode[];
  readonly #weights: readonly SizedWeight[];
  /** What no width changes. */
  readonly #fixed: Cost;

  constructor(analysis: Analysis, { dims }: Pick<CostOptions, 'dims'> = {}) {
    this.#analysis = analysis;
    const full = costOf(analysis.model, { shapes: analysis.shapes, ...(dims && { dims }) });
    this.#dims = full.dims;
    const groupOf = groupsByLabel(analysis);
    const top = new Set(analysis.model.graph.nodes);
    const nodes = full.nodes.map(({ node, macs = 0 }) => ({
      node,
      macs,
      groups: top.has(node) && macs > 0 ? groupsAt(node, analysis, groupOf) : [],
      known: new Map<string, number>(),
    }));
    this.#nodes = nodes.filter(({ groups }) => groups.length > 0);
    const weights = weightsOf(analysis);
    this.#weights = weights.filter(({ cuts }) => cuts.length > 0);
    const rest = sizeOf(
      weights.filter(({ cuts }) => cuts.length === 0),
      {},
    );
    const macs = nodes.reduce((sum, node) => sum + (node.groups.length > 0 ? 0 : node.macs), 0);
    this.#fixed = { macs, ...rest };
  }

  /** What widths have a say in: all operations and weights with at least one dimension in a group. */
  prunable(): Cost {
    const whole = this.at({});
    return {
      macs: whole.macs - this.#fixed.macs,
      params: whole.params - this.#fixed.params,
      bytes: whole.bytes - Math.round(this.#fixed.bytes),
    };
  }

  /** The cost at given widths; groups that are not named are whole. */
  at(widths: Widths): Cost {
    const { params, bytes } = sizeOf(this.#weights, widths);
    const macs = this.#nodes.reduce((sum, node) => sum + this.#macs(node, widths), this.#fixed.macs);
    return { macs, params: params + this.#fixed.params, bytes: Math.round(bytes + this.#fixed.bytes) };
  }

  #macs({ node, groups, known }: SizedNode, widths: Widths): number {
    const key = groups.map((group) => widths[group.id] ?? laneWidth(group)).join();
    let macs = known.get(key);
    if (macs === undefined) {
      const shrinkage = new Shrinkage(this.#analysis.walk, leavingLabels(this.#analysis, groups, widths));
      const dim = nodeMacs(node, shrunkShapes(this.#analysis, shrinkage));
      macs = dim === undefined ? 0 : evaluateDim(dim, this.#dims);
      known.set(key, macs);
    }
    return macs;
  }
}

/** Which group a label belongs to, by the root of the label. */
function groupsByLabel({ groups, walk }: Analysis): Map<number, Group> {
  return new Map(
    groups.flatMap((group) => [...group.labels].map((label) => [walk.labels.find(label), group] as const)),
  );
}

/** Groups that have a say in the shapes around a node. */
function groupsAt(node: Node, analysis: Analysis, groupOf: ReadonlyMap<number, Group>): Group[] {
  const { labels } = analysis.walk;
  const found = new Set<Group>();
  for (const value of [...node.inputs, ...node.outputs]) {
    for (const field of (value && layoutOf(value, analysis))?.fields ?? []) {
      for (const label of field.labels) {
        const group = groupOf.get(labels.find(label));
        if (group) found.add(group);
      }
    }
  }
  return [...found];
}

function layoutOf(value: Value, { walk }: Analysis): Layout | undefined {
  if (!value.tensor) return walk.layouts.get(value);
  for (const { node, index } of value.uses) {
    const layout = walk.constantLayout(node, index);
    if (layout) return layout;
  }
  return undefined;
}

/** Takes the last units of every head as those that leave. */
function leavingLabels({ walk }: Analysis, groups: readonly Group[], widths: Widths): (label: number) => boolean {
  const leaving = new Set<number>();
  for (const group of groups) {
    const keep = widths[group.id] ?? laneWidth(group);
    const seen = new Array<number>(group.lanes).fill(0);
    for (let unit = 0; unit < group.units; unit++) {
      if (seen[group.laneOf[unit]]++ >= keep) leaving.add(walk.labels.find(group.labels[unit]));
    }
  }
  return (label) => leaving.has(walk.labels.find(label));
}

/** The shapes values will have, under the interface that costs are computed from. */
function shrunkShapes(analysis: Analysis, shrinkage: Shrinkage): ShapeInfo {
  const { shapes } = analysis;
  return {
    ...shapes,
    elementType: (value) => shapes.elementType(value),
    content: (value) => shapes.content(value),
    shape: (value) => {
      const layout = layoutOf(value, analysis);
      if (layout) return shrinkage.shapeIfMade(layout, value.name);
      return value.tensor ? undefined : shapes.shape(value);
    },
  };
}

function weightsOf({ groups, model }: Analysis): SizedWeight[] {
  const cuts = new Map<Value, { axis: number; group: Group; indices: number }[]>();
  for (const group of groups) {
    for (const { initializer, axis, unitOf } of group.members) {
      const indices = unitOf.reduce((count, unit) => count + (unit >= 0 ? 1 : 0), 0);
      cuts.set(initializer, [...(cuts.get(initializer) ?? []), { axis, group, indices }]);
    }
  }
  return model.graph.initializers.flatMap((value): SizedWeight[] => {
    const counts = [...value.uses].some(({ node, index }) => parameterCount(node, index) > 0);
    if (!counts) return [];
    const { dims, byteLength, size } = value.tensor!;
    return [{ dims, bytesPerElement: byteLength / Math.max(1, size), cuts: cuts.get(value) ?? [] }];
  });
}

function sizeOf(weights: readonly SizedWeight[], widths: Widths): { params: number; bytes: number } {
  let [params, bytes] = [0, 0];
  for (const { dims, bytesPerElement, cuts } of weights) {
    const removed = new Array<number>(dims.length).fill(0);
    for (const { axis, group, indices } of cuts) {
      removed[axis] += indices * (1 - (widths[group.id] ?? laneWidth(group)) / laneWidth(group));
    }
    const left = dims.reduce((product, dim, axis) => product * (dim - Math.round(removed[axis])), 1);
    params += left;
    bytes += left * bytesPerElement;
  }
  return { params, bytes };
}
