import { type DataType, type Model, Tensor, type Value } from '@snp/onnx';

/** Types that hold floating-point numbers. */
const FLOATS: ReadonlySet<DataType> = new Set(['FLOAT', 'FLOAT16', 'BFLOAT16', 'DOUBLE']);

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
  return value?.tensor !== undefined && FLOATS.has(value.tensor.dataType) && value.uses.size === 1;
}

/** Gives a weight new numbers, rounded to the type that it is stored in. */
export function rewrite(weight: Value, numbers: Float32Array): void {
  const { dataType, dims } = weight.tensor!;
  weight.tensor = Tensor.fromNumbers(dataType, dims, numbers);
}

/**
 * Does something with the weights of a model while those stored in 16 bits are float32, so that what is changed several times is rounded once, at the end.
 */
export async function inSinglePrecision<T>(model: Model, use: () => Promise<T>): Promise<T> {
  const halves = model.graph.initializers.flatMap((value) => {
    const stored = value.tensor!;
    if (stored.dataType !== 'FLOAT16' && stored.dataType !== 'BFLOAT16') return [];
    // Made when they are asked for: of most, nobody does.
    const wide = new Tensor('FLOAT', stored.dims, () => new Uint8Array(Float32Array.from(stored.numbers()).buffer));
    value.tensor = wide;
    return [{ value, stored, wide }];
  });
  try {
    return await use();
  } finally {
    for (const { value, stored, wide } of halves)
      value.tensor =
        value.tensor === wide ? stored : Tensor.fromNumbers(stored.dataType, stored.dims, value.tensor!.numbers());
  }
}
