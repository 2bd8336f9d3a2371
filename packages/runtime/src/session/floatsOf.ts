import { Tensor, type TensorArray } from '@snp/onnx';
import type { RuntimeTensor } from './runtime.js';

/** What a tensor of floating-point numbers holds, float16 as float32; undefined for tensors of other types. */
export function floatsOf({ type, dims, data }: RuntimeTensor): Float32Array | Float64Array | undefined {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (type !== 'FLOAT16' && type !== 'BFLOAT16') return undefined;
  return Tensor.of(type, dims, data as TensorArray).numbers() as Float32Array;
}
