import type { Value } from '@snp/onnx';

/** Operators that are looked through. */
const DEEPEST = 8;

/**
 * The numbers that a scalar may hold, where a choice between constants makes it, as the bounds of a Clip that depend on whether values are finite; undefined for any
 * other.
 *
 * @example
 * const model = await readModel('model.onnx');
 * const clips = model.graph.nodes.filter(({ op }) => op === 'Clip');
 * const canBeZero = clips.every((clip) => possibleNumbers(clip.inputs[1])?.every((bound) => bound <= 0));
 */
export function possibleNumbers(value: Value | undefined): number[] | undefined {
  return numbersOf(value, 0);
}

function numbersOf(value: Value | undefined, depth: number): number[] | undefined {
  if (value?.tensor) return value.tensor.size === 1 ? [Number(value.tensor.numbers()[0])] : undefined;
  const node = value?.producer;
  if (!node || depth === DEEPEST) return undefined;
  const of = (index: number) => numbersOf(node.inputs[index], depth + 1);
  switch (node.op) {
    case 'Cast':
    case 'Identity':
      return of(0);
    case 'Neg':
      return of(0)?.map((number) => -number);
    case 'Where': {
      const [yes, no] = [of(1), of(2)];
      return yes && no && [...yes, ...no];
    }
    default:
      return undefined;
  }
}
