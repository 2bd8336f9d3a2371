import { SnpError } from '@snp/onnx';
import type { TensorInfo } from '../session/runtime.js';
import type { Sample } from './calibration.js';

/** Checks that a sample is what a model expects; throws `calibration` with the input, what it expects and what came. */
export function checkSample(sample: Sample, inputs: readonly TensorInfo[]): void {
  const fail = (message: string): never => {
    throw new SnpError('calibration', `Sample '${sample.name}' does not fit the model: ${message}`);
  };
  const names = inputs.map((input) => input.name);
  for (const name of Object.keys(sample.feeds)) {
    if (!names.includes(name)) fail(`it has an input '${name}', the model has ${names.join(', ')}.`);
  }
  for (const { name, type, dims } of inputs) {
    const tensor = Object.hasOwn(sample.feeds, name) ? sample.feeds[name] : undefined;
    if (!tensor) throw fail(`input '${name}' is missing.`);
    if (tensor.type !== type) fail(`input '${name}' must be ${type}, but is ${tensor.type}.`);
    const fits =
      dims.length === 0 ||
      (tensor.dims.length === dims.length &&
        dims.every((dim, axis) => typeof dim !== 'number' || dim === tensor.dims[axis]));
    if (!fits)
      fail(
        `input '${name}' must have shape [${dims.map((dim) => dim ?? '?').join(', ')}], but has [${tensor.dims.join(', ')}].`,
      );
  }
}
