import type { Analysis, Member, NeuronGroup } from '@snp/graph';
import type { Value } from '@snp/onnx';

/** A group of another model whose units are those of this one. */
export interface GroupMatch {
  group: NeuronGroup;
  /** Its unit for each unit of this one. */
  unitOf: Int32Array;
}

/**
 * Finds, for a group of one model, the group of another that runs along the same shared weights.
 *
 * @param weights Shared weights of the other model, each with the one of the first (`matchWeights`).
 * @returns Undefined where the other model has none of its weights; a text that says why where it has them, but no group that could lose the same units.
 */
export function matchGroup(
  group: NeuronGroup,
  other: Analysis,
  weights: ReadonlyMap<Value, Value>,
): GroupMatch | string | undefined {
  const byOwn = new Map([...weights].map(([theirs, own]) => [own, theirs]));
  const shared = group.members.flatMap((member) => {
    const theirs = byOwn.get(member.initializer);
    return theirs ? [{ member, theirs }] : [];
  });
  if (shared.length === 0) return undefined;
  let found: NeuronGroup | undefined;
  const unitOf = new Int32Array(group.units).fill(-1);
  for (const { member, theirs } of shared) {
    const runs = other.groups.flatMap((candidate) =>
      candidate.members.flatMap((own) =>
        own.initializer === theirs && own.axis === member.axis ? [{ candidate, own }] : [],
      ),
    );
    const match = runs.find(({ own }) => meets(member, own, unitOf));
    if (!match) return `'${theirs.name}' keeps its width`;
    if (found && found !== match.candidate) return `'${theirs.name}' goes with other weights`;
    found = match.candidate;
  }
  const own = new Set(group.members.map(({ initializer }) => initializer));
  const beyond = found!.members.find(({ initializer }) => {
    const mine = weights.get(initializer);
    return mine !== undefined && !own.has(mine);
  });
  if (beyond) return `'${beyond.initializer.name}' goes with it`;
  const whole = found!.units === group.units && new Set(unitOf).size === group.units && !unitOf.includes(-1);
  return whole ? { group: found!, unitOf } : 'its units are divided in another way';
}

/** Whether units stand at the same places along a weight in both; then which is which is noted. */
function meets(member: Member, theirs: Member, unitOf: Int32Array): boolean {
  const fits = member.unitOf.every((unit, at) => {
    const other = theirs.unitOf[at];
    return unit < 0 ? other < 0 : other >= 0 && (unitOf[unit] < 0 || unitOf[unit] === other);
  });
  if (fits) for (const [at, unit] of member.unitOf.entries()) if (unit >= 0) unitOf[unit] = theirs.unitOf[at];
  return fits;
}
