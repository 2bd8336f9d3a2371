import { dimsEqual, type Model, type ShapeInfo, type Value } from '@snp/onnx';

/** True of a value whose first axis is that of the model's inputs along which samples are stacked: others hold samples inside, as those that begin with tokens. */
export function countsSamples(value: Value, { model, shapes }: { model: Model; shapes: ShapeInfo }): boolean {
  const [first] = shapes.shape(value) ?? [];
  if (first === undefined || typeof first === 'number') return false;
  return model.graph.inputs.some((input) => {
    const own = shapes.shape(input)?.[0];
    return own !== undefined && dimsEqual(own, first);
  });
}
