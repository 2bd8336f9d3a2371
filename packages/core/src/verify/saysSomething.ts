import type { Feeds, RuntimeTensor } from '@snp/runtime';
import { numbersOf } from './numbersOf.js';

/** True of answers none of which is empty and some hold finite numbers, and not the same one everywhere: all others prove nothing. */
export function saysSomething(answers: Feeds): boolean {
  return !isEmpty(answers) && Object.values(answers).some(varies);
}

/** True where an answer has no elements. */
export function isEmpty(answers: Feeds): boolean {
  return Object.values(answers).some(({ data }) => data.length === 0);
}

/** True of a tensor whose finite numbers are not all the same; of a single number, that it is finite. */
function varies(tensor: RuntimeTensor): boolean {
  if (Array.isArray(tensor.data)) return tensor.data.length > 0;
  const numbers = numbersOf(tensor);
  let first: number | undefined;
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at];
    if (!Number.isFinite(number)) continue;
    first ??= number;
    if (number !== first) return true;
  }
  return numbers.length === 1 && first !== undefined;
}
