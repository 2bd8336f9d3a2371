import { SnpError } from '@snp/onnx';
import type { TensorInfo } from '../session/runtime.js';
import type { Sample } from './calibration.js';

/**
 * Checks that a sample is what a model expects: of inputs that take a fixed number of samples, one of them, or all that a run takes.
 *
 * @throws SnpError `calibration` with the input, what it expects and what came.
 */
export function checkSample(sample: Sample, inputs: readonly TensorInfo[]): void {
  const fail = (message: string): never => {
    throw new SnpError('calibration', `Sample '${sample.name}' does not fit the model: ${message}`);
  };
  const names = inputs.map((input) => input.name);
  for (const name of Object.keys(sample.feeds)) {
    if (!names.includes(name)) fail(`it has an input '${name}', the model has ${names.join(', ')}.`);
  }
  /** How many samples the inputs say that a run takes of which this one has a row. */
  const counts = new Map<number, string>();
  for (const { name, type, dims } of inputs) {
    const tensor = Object.hasOwn(sample.feeds, name) ? sample.feeds[name] : undefined;
    if (type === 'UNDEFINED')
      fail(`its input '${name}' is no tensor, or one of a type that the runtime takes no numbers for.`);
    if (!tensor) throw fail(`input '${name}' is missing.`);
    if (tensor.type !== type) fail(`input '${name}' must be ${type}, but is ${tensor.type}.`);
    const fits = (dim: number | string | undefined, axis: number) =>
      typeof dim !== 'number' || dim === tensor.dims[axis] || (axis === 0 && tensor.dims[0] === 1);
    const shape = `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
    if (dims.length > 0 && (tensor.dims.length !== dims.length || !dims.every(fits)))
      fail(`input '${name}' must have shape ${shape}, but has [${tensor.dims.join(', ')}].`);
    if (typeof dims[0] === 'number' && dims[0] !== tensor.dims[0]) counts.set(dims[0], `'${name}' ${shape}`);
  }
  if (counts.size > 1)
    fail(
      `its inputs hold different numbers of samples (${[...counts.values()].join(', ')}); give each as the model takes it.`,
    );
}
