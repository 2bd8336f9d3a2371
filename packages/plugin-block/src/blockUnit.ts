import {
  type Analysis,
  asUnits,
  type Branch,
  type BranchKind,
  joinUnits,
  type UnitGroup,
  type Value,
} from '@snp/core/plugin';

/** A part of a Transformer block that leaves whole, with the residual stream before and after it. */
export interface BlockUnit extends UnitGroup {
  readonly input: Value;
  readonly output: Value;
}

/** Every branch of the residual stream as a unit. */
export function branchUnits({ branches }: Analysis, kinds: readonly BranchKind[]): BlockUnit[] {
  return branches
    .filter(({ holds }) => kinds.includes(holds))
    .map((branch) => ({ ...asUnits(branch), input: streamBefore(branch), output: branch.sum.outputs[0]! }));
}

/** Every block as a unit: all branches of one number, which follow one another on the stream. */
export function wholeUnits({ branches }: Analysis): BlockUnit[] {
  const numbers = [...new Set(branches.flatMap(({ block }) => block ?? []))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const own = branches.filter(({ block }) => block === number);
    const last = own[own.length - 1];
    return {
      ...joinUnits(`blocks.${number}`, 'block', own),
      input: streamBefore(own[0]),
      output: last.sum.outputs[0]!,
    };
  });
}

function streamBefore({ sum, stream }: Branch): Value {
  return sum.inputs[stream]!;
}
