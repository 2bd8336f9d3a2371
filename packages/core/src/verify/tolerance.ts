import type { DataType, Model, ShapeInfo } from '@snp/onnx';

/**
 * Largest difference that rounding explains, as a share of the largest answer, by the type that a model computes in. Float32 keeps 24 bits, float16 eleven, bfloat16
 * eight; a product over hundreds of channels and some dozen layers take about eight of them.
 */
export const TOLERANCES = { FLOAT: 1e-4, FLOAT16: 2e-2, BFLOAT16: 1e-1 } as const;

/** The coarsest type that a model computes in: that of a result which is no constant. */
export function computedIn(model: Model, shapes: ShapeInfo): keyof typeof TOLERANCES {
  const types = new Set<DataType | undefined>();
  for (const node of model.graph.nodes) {
    if (node.inputs.every((value) => !value || value.tensor)) continue;
    for (const value of node.outputs) if (value) types.add(shapes.elementType(value));
  }
  return types.has('BFLOAT16') ? 'BFLOAT16' : types.has('FLOAT16') ? 'FLOAT16' : 'FLOAT';
}
