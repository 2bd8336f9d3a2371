import { cloneModel, type Model, Tensor } from '@snp/onnx';

/** A copy of a model with other numbers in some of its weights, which may lie in Constant nodes. */
export function withWeights(source: Model, weights: ReadonlyMap<string, Float32Array>): Model {
  const model = cloneModel(source);
  for (const [name, numbers] of weights) {
    const value = model.graph.value(name);
    const stored = value.tensor ?? value.producer!.tensor('value')!;
    const tensor = Tensor.float32(stored.dims, numbers);
    if (value.tensor) value.tensor = tensor;
    else value.producer!.set('value', tensor);
  }
  return model;
}
