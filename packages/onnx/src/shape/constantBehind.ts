import type { Value } from '../ir/value.js';
import type { Tensor } from '../tensor/tensor.js';
import { constantTensor } from './rules/constants.js';

/** The constant behind a value: an initializer, or the tensor of a Constant node. */
export function constantBehind(value: Value): Tensor | undefined {
  if (value.tensor) return value.tensor;
  return value.producer?.op === 'Constant' ? constantTensor(value.producer) : undefined;
}
