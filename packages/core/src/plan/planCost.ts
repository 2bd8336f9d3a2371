import type { Analysis } from '@snp/graph';
import { type CostOptions, costOf, parameterCount, type ShapeInfo, type Value } from '@snp/onnx';
import { Shrinkage } from '../surgery/shrinkage.js';
import { laneWidth, type Widths } from './widths.js';

/** What a model costs in the sizes that budgets limit. */
export interface Cost {
  /** Multiply-accumulate operations of one run at batch 1. */
  macs: number;
  params: number;
}

/** The cost a model will have at given widths, without making it: whichever units leave, the numbers are the same. */
export function planCost(analysis: Analysis, widths: Widths, options: Pick<CostOptions, 'dims'> = {}): Cost {
  const shrinkage = new Shrinkage(analysis.walk, leavingLabels(analysis, widths));
  const { macs } = costOf(analysis.model, { ...options, shapes: shrunkShapes(analysis, shrinkage) });
  return { macs, params: paramsLeft(analysis, widths) };
}

/** Takes the last units of every head as those that leave. */
function leavingLabels(analysis: Analysis, widths: Widths): (label: number) => boolean {
  const store = analysis.walk.labels;
  const leaving = new Set<number>();
  for (const group of analysis.groups) {
    const keep = widths[group.id] ?? laneWidth(group);
    const seen = new Array<number>(group.lanes).fill(0);
    for (let unit = 0; unit < group.units; unit++) {
      if (seen[group.laneOf[unit]]++ >= keep) leaving.add(store.find(group.labels[unit]));
    }
  }
  return (label) => leaving.has(store.find(label));
}

/** The shapes values will have, under the interface that costs are computed from. */
function shrunkShapes({ shapes, walk }: Analysis, shrinkage: Shrinkage): ShapeInfo {
  return {
    ...shapes,
    elementType: (value) => shapes.elementType(value),
    content: (value) => shapes.content(value),
    shape: (value) => {
      const layout = value.tensor ? constantLayout(value) : walk.layouts.get(value);
      return layout ? shrinkage.shapeIfMade(layout, value.name) : shapes.shape(value);
    },
  };
  function constantLayout(value: Value) {
    for (const { node, index } of value.uses) {
      const layout = walk.constantLayout(node, index);
      if (layout) return layout;
    }
    return undefined;
  }
}

function paramsLeft(analysis: Analysis, widths: Widths): number {
  const removed = new Map<Value, Map<number, number>>();
  for (const group of analysis.groups) {
    const ratio = 1 - (widths[group.id] ?? laneWidth(group)) / laneWidth(group);
    if (ratio === 0) continue;
    for (const { initializer, axis, unitOf } of group.members) {
      const indices = unitOf.reduce((count, unit) => count + (unit >= 0 ? 1 : 0), 0);
      const axes = removed.get(initializer) ?? new Map<number, number>();
      axes.set(axis, (axes.get(axis) ?? 0) + indices * ratio);
      removed.set(initializer, axes);
    }
  }
  let params = 0;
  for (const value of analysis.model.graph.initializers) {
    const counts = [...value.uses].some(({ node, index }) => parameterCount(node, index) > 0);
    if (!counts) continue;
    const dims = value.tensor!.dims.map((dim, axis) => dim - Math.round(removed.get(value)?.get(axis) ?? 0));
    params += dims.reduce((product, dim) => product * dim, 1);
  }
  return params;
}
