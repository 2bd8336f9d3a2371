import { type Model, Tensor, type Value } from '@snp/onnx';

/** An output of a model, and the bias that is added last before it. */
export interface BiasedOutput {
  output: Value;
  /** One number per position of the output's last axis. */
  bias: Value;
}

/** Outputs that end in a bias of their own: those whose means can be set right. */
export function biasedOutputs(model: Model): BiasedOutput[] {
  return model.graph.outputs.flatMap((output) => {
    const node = output.producer;
    const bias =
      node?.opType === 'Add'
        ? node.inputs.find((input) => input?.tensor)
        : node?.opType === 'Gemm' && node.float('beta', 1) === 1
          ? node.inputs[2]
          : undefined;
    const fits =
      bias?.tensor?.dataType === 'FLOAT' &&
      bias.uses.size === 1 &&
      bias.tensor.size > 1 &&
      bias.tensor.dims.at(-1) === bias.tensor.size;
    return fits ? [{ output, bias }] : [];
  });
}

/** Adds a shift to a bias. */
export function shiftBias(bias: Value, shift: Float64Array): void {
  const sum = Float32Array.from(bias.tensor!.numbers(), (number, at) => number + shift[at]);
  bias.tensor = Tensor.float32(bias.tensor!.dims, sum);
}
