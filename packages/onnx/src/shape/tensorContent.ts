import { bitsPerElement } from '../tensor/dataType.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * The elements of a constant as numbers, if there are at most `limit`; undefined for types without a typed-array form.
 * Integers beyond 2^53 (INT64_MAX as "to the end" in Slice) come out rounded.
 */
export function tensorContent(tensor: Tensor, limit: number): readonly number[] | undefined {
  const bits = bitsPerElement(tensor.dataType);
  if (tensor.size > limit || bits === undefined || bits < 8) return undefined;
  if (tensor.dataType.startsWith('FLOAT8') || tensor.dataType.startsWith('COMPLEX')) return undefined;
  return Array.from(tensor.numbers());
}
