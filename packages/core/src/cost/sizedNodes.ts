import { type Analysis, type Group, type HeadSet, type Layout, type NeuronGroup, unitsByLane } from '@snp/graph';
import type { Node, ShapeInfo, Value } from '@snp/onnx';
import { branchesByNode } from '../plan/branchesByNode.js';
import { laneWidth, type Widths } from '../plan/widths.js';
import { leavingLabels } from '../surgery/leavingLabels.js';
import { Shrinkage } from '../surgery/shrinkage.js';

/** A node of the model with what it will be like at any widths. */
export interface SizedNode {
  node: Node;
  /** Groups that have a say in its shapes, or in whether it is there at all; none for a node that stays as it is. */
  groups: readonly Group[];
  /** True where it leaves with a branch. */
  isLeftOut(widths: Widths): boolean;
  /** The shapes around the node at given widths; groups that are not named are whole. */
  shapesAt(widths: Widths): ShapeInfo;
}

/** The nodes of a model's main graph with their shapes at any widths, without making the model: whichever units leave, they are those of the model that surgery makes. */
export function sizedNodes(analysis: Analysis): SizedNode[] {
  const groupsOf = groupsByLabel(analysis);
  const branchesAt = branchesByNode(analysis);
  const heads = new Set<Group>(analysis.heads);
  const isHeads = (group: Group): group is HeadSet => heads.has(group);
  return analysis.model.graph.nodes.map((node) => {
    const branches = branchesAt(node);
    const sizing = groupsAt(node, analysis, groupsOf);
    return {
      node,
      groups: [...sizing, ...branches],
      isLeftOut: (widths) => branches.some(({ id }) => widths[id] === 0),
      shapesAt: (widths) => {
        if (sizing.length === 0) return analysis.shapes;
        const own = {
          walk: analysis.walk,
          groups: sizing.filter((group): group is NeuronGroup => !isHeads(group)),
          heads: sizing.filter(isHeads),
        };
        const leaves = leavingLabels(own, (group) => lastUnits(group, widths[group.id] ?? laneWidth(group)));
        return shrunkShapes(node, analysis, new Shrinkage(analysis.walk, leaves));
      },
    };
  });
}

/** Tells which groups of neurons and heads a label belongs to. */
function groupsByLabel(analysis: Analysis): (label: number) => readonly (Group | undefined)[] {
  const { labels } = analysis.walk;
  const neurons = new Map<number, Group>();
  for (const group of analysis.groups) for (const label of group.labels) neurons.set(labels.find(label), group);
  const heads = new Map<number, Group>();
  for (const set of analysis.heads.filter(({ frozen }) => !frozen))
    for (const own of set.labelsOf) for (const label of own) heads.set(labels.twin(label), set);
  return (label) => [neurons.get(labels.find(label)), heads.get(labels.twin(label))];
}

/** Groups that have a say in the shapes around a node. */
function groupsAt(node: Node, analysis: Analysis, groupsOf: ReturnType<typeof groupsByLabel>): Group[] {
  const found = new Set<Group>();
  for (const value of [...node.inputs, ...node.outputs]) {
    for (const field of (value && layoutOf(value, node, analysis))?.fields ?? []) {
      for (const label of field.labels) for (const group of groupsOf(label)) if (group) found.add(group);
    }
  }
  return [...found];
}

/** The layout of a value as a node reads or writes it. */
function layoutOf(value: Value, node: Node, { walk }: Analysis): Layout | undefined {
  const index = node.inputs.indexOf(value);
  return index >= 0 ? walk.layoutAt(node, index) : walk.layouts.get(value);
}

/** The units of every lane but the first `keep`. */
function lastUnits(group: Group, keep: number): number[] {
  return unitsByLane(group).flatMap((units) => units.slice(keep));
}

/** The shapes values will have, under the interface that costs are computed from. */
function shrunkShapes(node: Node, analysis: Analysis, shrinkage: Shrinkage): ShapeInfo {
  const { shapes } = analysis;
  return {
    ...shapes,
    elementType: (value) => shapes.elementType(value),
    content: (value) => shapes.content(value),
    shape: (value) => {
      const layout = layoutOf(value, node, analysis);
      if (layout) return shrinkage.shapeIfMade(layout, value.name);
      return value.tensor ? undefined : shapes.shape(value);
    },
  };
}
