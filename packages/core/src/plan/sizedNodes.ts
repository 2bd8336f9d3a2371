import { type Analysis, type Group, type Layout, unitGroups, unitsByLane } from '@snp/graph';
import type { Node, ShapeInfo, Value } from '@snp/onnx';
import { leavingLabels } from '../surgery/leavingLabels.js';
import { Shrinkage } from '../surgery/shrinkage.js';
import { laneWidth, type Widths } from './widths.js';

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
  return analysis.model.graph.nodes.map((node) => {
    const branches = analysis.branches.filter(({ nodes }) => nodes.has(node));
    const sizing = groupsAt(node, analysis, groupsOf);
    return {
      node,
      groups: [...sizing, ...branches],
      isLeftOut: (widths) => branches.some(({ id }) => widths[id] === 0),
      shapesAt: (widths) => {
        if (sizing.length === 0) return analysis.shapes;
        const own = {
          walk: analysis.walk,
          groups: analysis.groups.filter((group) => sizing.includes(group)),
          heads: analysis.heads.filter((heads) => sizing.includes(heads)),
        };
        const leaves = leavingLabels(own, (group) => lastUnits(group, widths[group.id] ?? laneWidth(group)));
        return shrunkShapes(analysis, new Shrinkage(analysis.walk, leaves));
      },
    };
  });
}

/** Tells which groups of neurons and heads a label belongs to. */
function groupsByLabel(analysis: Analysis): (label: number) => Group[] {
  const { labels } = analysis.walk;
  const neurons = new Map<number, Group>();
  for (const group of analysis.groups) for (const label of group.labels) neurons.set(labels.find(label), group);
  const heads = new Map<number, Group>();
  for (const group of unitGroups(analysis)) {
    const set = analysis.heads.find(({ id }) => id === group.id);
    for (const label of set?.labelsOf.flatMap((own) => [...own]) ?? []) heads.set(labels.twin(label), group);
  }
  return (label) => [neurons.get(labels.find(label)) ?? [], heads.get(labels.twin(label)) ?? []].flat();
}

/** Groups that have a say in the shapes around a node. */
function groupsAt(node: Node, analysis: Analysis, groupsOf: (label: number) => Group[]): Group[] {
  const found = new Set<Group>();
  for (const value of [...node.inputs, ...node.outputs]) {
    for (const field of (value && layoutOf(value, analysis))?.fields ?? []) {
      for (const label of field.labels) for (const group of groupsOf(label)) found.add(group);
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

/** The units of every lane but the first `keep`. */
function lastUnits(group: Group, keep: number): number[] {
  return unitsByLane(group).flatMap((units) => units.slice(keep));
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
