import { type Analysis, type Group, type Layout, unitsByLane } from '@snp/graph';
import type { Node, ShapeInfo, Value } from '@snp/onnx';
import { Shrinkage } from '../surgery/shrinkage.js';
import { laneWidth, type Widths } from './widths.js';

/** A node of the model with what it will be like at any widths. */
export interface SizedNode {
  node: Node;
  /** Groups that have a say in its shapes; none for a node that stays as it is. */
  groups: readonly Group[];
  /** The shapes around the node at given widths; groups that are not named are whole. */
  shapesAt(widths: Widths): ShapeInfo;
}

/** The nodes of a model's main graph with their shapes at any widths, without making the model: whichever units leave, they are those of the model that surgery makes. */
export function sizedNodes(analysis: Analysis): SizedNode[] {
  const groupOf = groupsByLabel(analysis);
  return analysis.model.graph.nodes.map((node) => {
    const groups = groupsAt(node, analysis, groupOf);
    return {
      node,
      groups,
      shapesAt: (widths) => {
        if (groups.length === 0) return analysis.shapes;
        return shrunkShapes(analysis, new Shrinkage(analysis.walk, leavingLabels(analysis, groups, widths)));
      },
    };
  });
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
    for (const unit of unitsByLane(group).flatMap((units) => units.slice(keep)))
      leaving.add(walk.labels.find(group.labels[unit]));
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
