import { isFloatType, Tensor, type Value } from '@snp/onnx';

/** Operators that keep all numbers in their order: weights may be stored as float16 and computed with as float32, biases of heads as one vector. */
const KEEP_ORDER = new Set(['Cast', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** The constant that a value is, or is another form of, with the same numbers in the same order. */
export function storedWeight(value: Value | undefined): Value | undefined {
  for (let at = value; at; at = at.producer.inputs[0]) {
    if (at.tensor) return at;
    if (!at.producer || !KEEP_ORDER.has(at.producer.op) || at.uses.size !== 1) return undefined;
  }
  return undefined;
}

/** True of a constant of floating-point numbers that one node alone reads: it can be given others. */
export function isOwnWeight(value: Value | undefined): value is Value {
  return value?.tensor !== undefined && isFloatType(value.tensor.dataType) && value.uses.size === 1;
}

/** Where the weights of a model are read and written. */
export interface Weights {
  numbers(weight: Value): ArrayLike<number>;
  write(weight: Value, numbers: Float32Array): void;
}

/** The weights of the model itself: for models that nobody else knows. Numbers are rounded to the type that they are stored in. */
export const ownWeights: Weights = {
  numbers: (weight) => weight.tensor!.numbers(),
  write(weight, numbers) {
    const { dataType, dims } = weight.tensor!;
    weight.tensor = Tensor.fromNumbers(dataType, dims, numbers);
  },
};
