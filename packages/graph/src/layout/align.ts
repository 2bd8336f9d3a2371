import { Factor, refine } from './factor.js';
import { factorsFor, fieldsOn, type Layout, splitFactors, substituteFactors } from './layout.js';

/** Axes of several layouts that run over the same positions, as pairs of layout number and axis. */
export type AxisGroup = readonly (readonly [layout: number, axis: number])[];

/**
 * The layouts with the factors of every group split alike and made identical, so that a factor of one layout can be
 * looked up in another. Undefined if the labelled axes of a group have no common split.
 */
export function alignAxes(layouts: readonly Layout[], groups: readonly AxisGroup[]): Layout[] | undefined {
  // Fresh factors first: two operands may share factors on different axes (x and its transpose).
  const aligned = layouts.map((layout, at) => (at === 0 ? layout : freshen(layout)));
  for (const group of groups) {
    const members = group.filter(([at, axis]) => aligned[at].axes[axis].length > 0);
    const labelled = members.some(([at, axis]) => fieldsOn(aligned[at], aligned[at].axes[axis]).length > 0);
    if (members.length < 2) continue;
    const [first, ...others] = members;
    for (const [at, axis] of others) {
      if (!labelled) {
        unifyUnlabelled(aligned, first, [at, axis]);
        continue;
      }
      const splits = refine(aligned[first[0]].axes[first[1]], aligned[at].axes[axis]);
      if (!splits) return undefined;
      const parts = factorsFor(splits.a);
      for (let k = 0; k < aligned.length; k++) aligned[k] = splitFactors(aligned[k], parts);
      const other = splitFactors(aligned[at], factorsFor(splits.b));
      const base = aligned[first[0]].axes[first[1]];
      aligned[at] = substituteFactors(other, new Map(other.axes[axis].map((factor, i) => [factor, base[i]])));
    }
  }
  return aligned;
}

/** Where no labels are, how an axis factors does not matter: the second axis takes the factors of the first. */
function unifyUnlabelled(aligned: Layout[], first: readonly [number, number], [at, axis]: readonly [number, number]) {
  const base: readonly Factor[] = aligned[first[0]].axes[first[1]];
  aligned[at] = { axes: aligned[at].axes.with(axis, base), fields: aligned[at].fields };
}

function freshen(layout: Layout): Layout {
  const factors = new Set([...layout.axes.flat(), ...layout.fields.flatMap((field) => field.factors)]);
  return substituteFactors(layout, new Map([...factors].map((factor) => [factor, new Factor(factor.size)])));
}
