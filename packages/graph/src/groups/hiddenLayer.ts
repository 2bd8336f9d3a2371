import { Mark } from '../labels/labelStore.js';
import type { Propagation } from '../walk/propagation.js';
import type { FoundGroup } from './findGroups.js';

/** True for hidden neurons whose projections read from and write to the residual stream. */
export function betweenResiduals(group: FoundGroup, walk: Propagation): boolean {
  const residual = (role: 'output' | 'input') =>
    group.members.some(
      (member) =>
        member.role === role &&
        walk.labels
          .slotsIn(member.initializer)
          .some((slot) => slot.axis !== member.axis && walk.labels.has(slot.first, Mark.summed)),
    );
  return residual('output') && residual('input');
}

/** True for channels that nothing but convolutions of single pixels write and read. */
export function isPointwise({ kind, members }: FoundGroup): boolean {
  return (
    kind === 'channel' &&
    members.every(({ initializer }) => initializer.tensor!.dims.slice(2).every((size) => size === 1))
  );
}
