import type { Model } from '@snp/onnx';
import type { TensorInfo } from '@snp/runtime';

/** The inputs that a model is given. */
export function tensorInputs({ graph }: Model): TensorInfo[] {
  return graph.inputs
    .filter(({ tensor }) => !tensor)
    .map(({ name, type }) => ({ name, type: type?.elementType ?? 'UNDEFINED', dims: type?.shape ?? [] }));
}
