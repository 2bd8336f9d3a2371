import type { Factor } from '../layout/factor.js';
import { eachPosition, sizesOf } from '../layout/layout.js';
import type { Contraction, Propagation } from '../walk/propagation.js';
import { shrinkingFactor } from './fields.js';
import type { Site } from './group.js';

/** The place where a product reads the units of a group, or undefined if its axes are not laid out as a site needs. */
export function siteOf(
  contraction: Contraction,
  walk: Propagation,
  unitOfRoot: ReadonlyMap<number, number>,
): Site | undefined {
  const { node, index, field, layout, betweenActivations } = contraction;
  const value = node.inputs[index];
  if (!value || value.tensor || (!betweenActivations && !walk.isActivation(node, index))) return undefined;
  const shrinking = shrinkingFactor(field, walk.labels);
  const axis = layout.axes.findIndex((factors) => shrinking && factors.includes(shrinking));
  if (axis < 0 || !layout.axes[axis].every(isSized)) return undefined;
  const others = field.factors.filter((factor) => !layout.axes[axis].includes(factor));
  const laneAxis = others.length > 0 ? layout.axes.findIndex((factors) => factors.includes(others[0])) : -1;
  if (laneAxis > axis) return undefined;
  // From the first factor of the field on: in front of it may be the batch. Factors of no label repeat units, as keys for each of their queries.
  const laneFactors =
    laneAxis < 0
      ? []
      : layout.axes[laneAxis].slice(layout.axes[laneAxis].findIndex((factor) => others.includes(factor)));
  if (!others.every((factor) => laneFactors.includes(factor)) || !laneFactors.every(isSized)) return undefined;
  const order = [...laneFactors, ...layout.axes[axis]];
  const unitAt = new Int32Array(sizesOf(order).reduce((product, size) => product * size, 1));
  eachPosition(order, field.factors, (at, from) => {
    unitAt[at] = unitOfRoot.get(walk.labels.find(field.labels[from])) ?? -1;
  });
  const rank = walk.shape(value)?.length ?? layout.axes.length;
  // An operator may look at its input per head though heads and neurons share the last axis there.
  const merged = rank < layout.axes.length;
  return {
    role: betweenActivations ? (index === 0 ? 'query' : 'key') : 'input',
    node,
    value,
    axis: merged ? rank - 1 : axis,
    unitAt,
    laneAxis: laneAxis < 0 ? undefined : merged ? rank - 1 : laneAxis,
    lanes: sizesOf(laneFactors).reduce((product, size) => product * size, 1),
    rank,
  };
}

function isSized({ size }: Factor): boolean {
  return typeof size === 'number';
}
