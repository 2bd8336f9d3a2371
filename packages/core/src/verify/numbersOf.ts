import { SnpError, Tensor, type TensorArray } from '@snp/onnx';
import type { RuntimeTensor } from '@snp/runtime';

/** The elements of a tensor as numbers: halves are decoded. Of whole numbers beyond 2^53 the last digits are lost. */
export function numbersOf({ type, dims, data }: RuntimeTensor): ArrayLike<number> {
  if (Array.isArray(data)) throw new SnpError('unsupported', 'Texts are no numbers.');
  // Where JavaScript has halves, a runtime may give these.
  if (type === 'FLOAT16' && !(data instanceof Uint16Array)) return data as ArrayLike<number>;
  return Tensor.of(type, dims, data as TensorArray).numbers();
}
