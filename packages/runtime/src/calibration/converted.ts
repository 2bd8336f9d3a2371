import { type DataType, Tensor, type TensorArray } from '@snp/onnx';
import { floatsOf } from '../session/floatsOf.js';
import type { RuntimeData, RuntimeTensor } from '../session/runtime.js';

/** Arrays of whole numbers, by type. */
const WHOLE = {
  INT8: Int8Array,
  UINT8: Uint8Array,
  INT16: Int16Array,
  UINT16: Uint16Array,
  INT32: Int32Array,
  UINT32: Uint32Array,
  INT64: BigInt64Array,
  UINT64: BigUint64Array,
} as const;

/**
 * The same numbers as another type: numpy's arrays are float64 and int64 where nothing else is asked for, while models take others. Undefined where numbers of one kind would become such of
 * another, or whole ones do not fit.
 */
export function converted(tensor: RuntimeTensor, type: DataType): RuntimeTensor | undefined {
  if (tensor.type === type) return tensor;
  const { dims, data } = tensor;
  if (type === 'FLOAT' || type === 'DOUBLE' || type === 'FLOAT16') {
    const numbers = floatsOf(tensor);
    return numbers && { type, dims, data: Tensor.fromNumbers(type, dims, numbers).array() as RuntimeData };
  }
  const Whole = WHOLE[type as keyof typeof WHOLE] as typeof BigInt64Array | undefined;
  if (!Whole || !(tensor.type in WHOLE)) return undefined;
  const wide = Array.from(data as Exclude<TensorArray, Float32Array | Float64Array>, BigInt);
  const own = Whole.from(type.endsWith('64') ? wide : (wide.map(Number) as never));
  return wide.every((number, at) => number === BigInt(own[at])) ? { type, dims, data: own as RuntimeData } : undefined;
}
