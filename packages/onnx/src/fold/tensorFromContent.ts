import type { DataType } from '../tensor/dataType.js';
import { Tensor } from '../tensor/tensor.js';

const INTEGER_ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  INT8: Int8Array,
  UINT16: Uint16Array,
  INT16: Int16Array,
  UINT32: Uint32Array,
  INT32: Int32Array,
} as const;

/**
 * The tensor with these elements, or undefined where an element is symbolic or would not be stored exactly (integers
 * beyond 2^53), or the type has no typed-array form.
 */
export function tensorFromContent(
  type: DataType | undefined,
  dims: readonly number[],
  content: readonly unknown[],
): Tensor | undefined {
  if (!content.every((item) => typeof item === 'number')) return undefined;
  const numbers = content as readonly number[];
  if (type === 'FLOAT' || type === 'DOUBLE' || type === 'FLOAT16' || type === 'BFLOAT16') {
    return Tensor.fromNumbers(type, dims, numbers);
  }
  if (!numbers.every(Number.isSafeInteger)) return undefined;
  if (type === 'INT64') return Tensor.int64(dims, numbers);
  if (type === 'UINT64') {
    return Tensor.of(
      type,
      dims,
      BigUint64Array.from(numbers, (item) => BigInt(item)),
    );
  }
  const Integers = INTEGER_ARRAYS[type as keyof typeof INTEGER_ARRAYS];
  return Integers && Tensor.of(type!, dims, Integers.from(numbers));
}
