import type { Model } from '@snp/onnx';
import type { TensorInfo } from './runtime.js';

/** The inputs that a model is given, as its file states them: what data are opened for (`openCalibration`) before it is loaded. */
export function tensorInputs({ graph }: Model): TensorInfo[] {
  return graph.inputs
    .filter(({ tensor }) => !tensor)
    .map(({ name, type }) => ({ name, type: type?.elementType ?? 'UNDEFINED', dims: type?.shape ?? [] }));
}
