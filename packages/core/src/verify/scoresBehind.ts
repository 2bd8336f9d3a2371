import { cloneModel, inferShapes, isFloatType, type Model, type Value } from '@snp/onnx';

/** Operators that move whole numbers about without looking at them. */
const MOVING = new Set(['Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Flatten']);

/**
 * The model with the numbers as outputs of which its whole-number outputs say where the largest are: where these differ by rounding alone, so may which one is
 * the largest. Undefined if some whole-number output says something else.
 */
export function scoresBehind(model: Model): Model | undefined {
  const copy = cloneModel(model);
  const shapes = inferShapes(copy);
  const isWhole = (value: Value) => !isFloatType(shapes.elementType(value) ?? value.type?.elementType ?? 'FLOAT');
  const scores = copy.graph.outputs.map((output) => (isWhole(output) ? rankedBehind(output) : output));
  if (!scores.every((value) => value !== undefined)) return undefined;
  copy.graph.outputs.splice(0, copy.graph.outputs.length, ...new Set(scores));
  copy.graph.removeDead();
  return copy;
}

function rankedBehind(output: Value): Value | undefined {
  let node = output.producer;
  while (node && MOVING.has(node.opType)) node = node.inputs[0]?.producer;
  const isRanking = node && ['ArgMax', 'ArgMin', 'TopK'].includes(node.opType);
  return isRanking ? node!.inputs[0] : undefined;
}
