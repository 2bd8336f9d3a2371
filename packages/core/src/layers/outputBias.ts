import { isFloatType, type Model, type Node, type Value } from '@snp/onnx';
import { isOwnWeight, storedWeight, type Weights } from './weights.js';

/** An output of a model, and the bias that is added last before it. */
export interface BiasedOutput {
  output: Value;
  /** One number per position of the output's last axis. */
  bias: Value;
}

/** Outputs that end in a bias of their own: those whose means can be set right. */
export function biasedOutputs(model: Model): BiasedOutput[] {
  return model.graph.outputs.flatMap((output) => {
    const node = lastSum(output);
    const bias =
      node?.opType === 'Add'
        ? node.inputs.map(storedWeight).find((weight) => weight)
        : node?.opType === 'Gemm' && node.float('beta', 1) === 1
          ? storedWeight(node.inputs[2])
          : undefined;
    const fits = isOwnWeight(bias) && bias.tensor!.size > 1 && bias.tensor!.dims.at(-1) === bias.tensor!.size;
    return fits ? [{ output, bias }] : [];
  });
}

/** The node that an output comes from, before it changes its type: float16 models may answer in float32. */
function lastSum({ producer, type }: Value): Node | undefined {
  const answers = type?.elementType === undefined || isFloatType(type.elementType);
  const cast = producer?.op === 'Cast' && answers;
  return cast ? producer.inputs[0]?.producer : producer;
}

/** Adds a shift to a bias. */
export function shiftBias(bias: Value, shift: Float64Array, weights: Weights): void {
  weights.write(
    bias,
    Float32Array.from(weights.numbers(bias), (number, at) => number + shift[at]),
  );
}
