import type { UnitGroup } from '../plugin/unitGroup.js';
import type { Compensation } from './compensation.js';
import type { BranchCompensation } from './leaveOut.js';
import type { Compensations } from './solve.js';

/**
 * How units that plug-ins bring are compensated, as far as they are made of heads or of whole branches: heads as they are, branches alone or joined.
 * Others have no error-versus-width curve and cannot be planned.
 */
export function unitCompensations(groups: readonly UnitGroup[], { beyond }: Compensations): Map<string, Compensation> {
  const methods = new Map<string, Compensation>();
  for (const group of groups) {
    const method = alike(group, beyond) ?? joined(group, beyond);
    if (method) methods.set(group.id, method);
  }
  return methods;
}

/** Each unit is a unit of one group, in the same order. */
function alike(group: UnitGroup, methods: ReadonlyMap<string, Compensation>): Compensation | undefined {
  const [[first]] = group.cuts;
  const method = methods.get(first.group);
  const same =
    method?.group.units === group.units &&
    group.cuts.every((cuts, unit) => cuts.length === 1 && cuts[0].group === first.group && cuts[0].unit === unit);
  return same ? { ...method, group } : undefined;
}

/** One unit of several branches. */
function joined(group: UnitGroup, methods: ReadonlyMap<string, Compensation>): Compensation | undefined {
  if (group.units !== 1) return undefined;
  const ids = [...new Set(group.cuts[0].map((cut) => cut.group))];
  const parts = ids.flatMap((id) => {
    const method = methods.get(id);
    return method?.group.units === 1 ? [method as BranchCompensation] : [];
  });
  if (parts.length !== ids.length) return undefined;
  const gone = new Set(ids);
  return {
    group,
    name: parts[0].name,
    errors: Float64Array.of(
      parts.reduce((sum, part) => sum + part.errorWithout(gone), 0),
      0,
    ),
    select: (keep) => (keep > 0 ? [0] : []),
    touches: [...new Set(parts.flatMap(({ touches }) => touches))],
    async apply(kept, weights, algebra) {
      if (kept.length > 0) return true;
      for (const part of parts) if (!(await part.apply([], weights, algebra, gone))) return false;
      return true;
    },
  };
}
