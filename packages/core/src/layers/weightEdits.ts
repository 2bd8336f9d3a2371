import { type Graph, Tensor, type Value } from '@snp/onnx';
import { ownWeights, type Weights } from './weights.js';

/**
 * New weights beside a model, which stays as it is: whoever reads here sees those that were written. In single precision, also where the model stores 16 bits, so
 * that what is written several times is rounded once, at the end.
 */
export class WeightEdits implements Weights {
  readonly #written = new Map<Value, Float32Array>();

  numbers(weight: Value): ArrayLike<number> {
    return this.#written.get(weight) ?? ownWeights.numbers(weight);
  }

  write(weight: Value, numbers: Float32Array): void {
    this.#written.set(weight, numbers);
  }

  /** Writes them into a copy of the model, whose values have the same names. */
  applyTo(graph: Graph): void {
    for (const [{ name, tensor }, numbers] of this.#written)
      graph.value(name).tensor = Tensor.fromNumbers(tensor!.dataType, tensor!.dims, numbers);
  }
}
