import { type DataType, dataTypeCode, type Model, type ShapeInfo, Tensor, type Value } from '@snp/onnx';

const FLOATS: ReadonlySet<DataType> = new Set(['FLOAT', 'DOUBLE', 'FLOAT16', 'BFLOAT16']);

/**
 * Adds to a model, for each output of scores, a random direction u with E[u u^T] = diag(p) - p p^T for the probabilities p that the model itself gives: the metric in which a small change d of the scores
 * costs a divergence of 1/2 E (u^T d)^2 (Fisher information; no labels). u = sqrt(p) z - p (sqrt(p)^T z), with a random sign z for each score.
 *
 * @param outputs Names of outputs; those of other than floating-point numbers are left out.
 * @param seed Another one gives other directions.
 * @returns Names of the values that hold them, by the name of the output.
 */
export function addAnswerDirections(
  model: Model,
  { outputs, shapes, seed }: { outputs: readonly string[]; shapes: ShapeInfo; seed: number },
): Record<string, string> {
  const { graph } = model;
  const names: Record<string, string> = {};
  const op = (name: string, inputs: Value[], attributes = {}) =>
    graph.addNode({ op: name, inputs, attributes, outputs: [`direction_${name}`] }).outputs[0]!;
  for (const [index, name] of outputs.entries()) {
    const output = graph.value(name);
    const type = shapes.elementType(output);
    const rank = shapes.shape(output)?.length;
    if (!type || !FLOATS.has(type) || !rank) continue;
    const single = type === 'FLOAT' ? output : op('Cast', [output], { to: dataTypeCode('FLOAT') });
    const p = op('Softmax', [single], { axis: rank - 1 });
    const range = { low: { float: -1 }, high: { float: 1 }, seed: { float: seed + index } };
    const sign = op('Sign', [op('RandomUniformLike', [p], range)]);
    const scaled = op('Mul', [op('Sqrt', [p]), sign]);
    const last = model.opset >= 13 ? [graph.addInitializer('direction_axis', Tensor.int64([1], [rank - 1]))] : [];
    const axes = model.opset >= 13 ? {} : { axes: [rank - 1] };
    const share = op('Mul', [p, op('ReduceSum', [scaled, ...last], { ...axes, keepdims: 1 })]);
    const direction = op('Sub', [scaled, share]);
    names[name] = (type === 'FLOAT' ? direction : op('Cast', [direction], { to: dataTypeCode(type) })).name;
  }
  return names;
}
