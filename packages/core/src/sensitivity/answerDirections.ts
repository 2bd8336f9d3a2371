import { type DataType, dataTypeCode, type Model, type ShapeInfo, Tensor, type Value } from '@snp/onnx';

const FLOATS: ReadonlySet<DataType> = new Set(['FLOAT', 'DOUBLE', 'FLOAT16', 'BFLOAT16']);

/** Directions for all outputs that hold scores. */
interface AnswerDirectionsOptions {
  /** Names of outputs; those of other than floating-point numbers are left out. */
  outputs: readonly string[];
  shapes: ShapeInfo;
  /** How many directions there are, a power of two, and which of them this is. */
  count: number;
  at: number;
}

/**
 * Adds to a model, for each output of scores, a random direction u with E[u u^T] = diag(p) - p p^T for the probabilities p that the model itself gives: the metric in which a small change d of the scores
 * costs a divergence of 1/2 E (u^T d)^2 (Fisher information; no labels). u = sqrt(p) z - p (sqrt(p)^T z), with a sign z for each score: a random one, and for the most likely
 * answers one from the row of a Hadamard matrix, so that in the mean over all directions they do not disturb one another.
 *
 * @returns Names of the values that hold them, by the name of the output.
 */
export function addAnswerDirections(
  model: Model,
  { outputs, shapes, count, at }: AnswerDirectionsOptions,
): Record<string, string> {
  const { graph } = model;
  const names: Record<string, string> = {};
  const op = (name: string, inputs: Value[], attributes = {}, outputs = 1) =>
    graph.addNode({
      op: name,
      inputs,
      attributes,
      outputs: Array.from({ length: outputs }, () => `direction_${name}`),
    }).outputs as Value[];
  const constant = (tensor: Tensor) => graph.addInitializer('direction_constant', tensor);
  for (const [index, name] of outputs.entries()) {
    const output = graph.value(name);
    const type = shapes.elementType(output);
    const shape = shapes.shape(output);
    if (!type || !FLOATS.has(type) || !shape?.length) continue;
    const axis = shape.length - 1;
    const [single] = type === 'FLOAT' ? [output] : op('Cast', [output], { to: dataTypeCode('FLOAT') });
    const [p] = op('Softmax', [single], { axis });
    const range = { low: { float: -1 }, high: { float: 1 }, seed: { float: 1 + at * outputs.length + index } };
    let [sign] = op('Sign', op('RandomUniformLike', [p], range));
    const scores = shape[axis];
    if (typeof scores === 'number' && scores >= count) {
      const [, likely] = op('TopK', [p, constant(Tensor.int64([1], [count]))], { axis }, 2);
      const row = constant(Tensor.float32([count], hadamardRow(count, at)));
      [sign] = op('ScatterElements', [sign, likely, ...op('Expand', [row, ...op('Shape', [likely])])], { axis });
    }
    const [scaled] = op('Mul', [...op('Sqrt', [p]), sign]);
    const axes = model.opset >= 13 ? [constant(Tensor.int64([1], [axis]))] : [];
    const stated = model.opset >= 13 ? {} : { axes: [axis] };
    const share = op('Mul', [p, ...op('ReduceSum', [scaled, ...axes], { ...stated, keepdims: 1 })]);
    const [direction] = op('Sub', [scaled, ...share]);
    const [own] = type === 'FLOAT' ? [direction] : op('Cast', [direction], { to: dataTypeCode(type) });
    names[name] = own.name;
  }
  return names;
}

/** A row of the Hadamard matrix of Sylvester's kind: rows are orthogonal, and so are columns. */
function hadamardRow(size: number, row: number): number[] {
  return Array.from({ length: size }, (_, column) => {
    let ones = row & column;
    let sign = 1;
    for (; ones > 0; ones &= ones - 1) sign = -sign;
    return sign;
  });
}
