import { type Dim, dimsEqual } from '../shape/dim.js';

/**
 * The target of a reshape as constant sizes, with 0 for axes that are copied from the input and -1 for one unknown axis, so
 * that nothing need be computed while the model runs; undefined if the output has more unknown axes than that.
 */
export function constantTarget(input: readonly Dim[], output: readonly Dim[]): number[] | undefined {
  const target = output.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    return axis < input.length && dimsEqual(dim, input[axis]) ? 0 : -1;
  });
  return target.filter((size) => size === -1).length <= 1 && !hasEmptyAxis(output) ? target : undefined;
}

/** A size of zero would read as "copy this axis". */
function hasEmptyAxis(output: readonly Dim[]): boolean {
  return output.some((dim) => dim === 0);
}
