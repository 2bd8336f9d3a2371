import { GraphWriter } from '@snp/gradient';
import { isFloatType, type Model, type ShapeInfo, Tensor } from '@snp/onnx';

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
  const writer = new GraphWriter(model.graph, model.opset);
  const names: Record<string, string> = {};
  for (const [index, name] of outputs.entries()) {
    const output = model.graph.value(name);
    const type = shapes.elementType(output);
    const shape = shapes.shape(output);
    if (!type || !isFloatType(type) || !shape?.length) continue;
    const axis = shape.length - 1;
    const single = type === 'FLOAT' ? output : writer.cast(output, 'FLOAT');
    const p = writer.op('Softmax', [single], { axis });
    const range = { low: { float: -1 }, high: { float: 1 }, seed: { float: 1 + at * outputs.length + index } };
    let sign = writer.op('Sign', [writer.op('RandomUniformLike', [p], range)]);
    const scores = shape[axis];
    if (typeof scores === 'number' && scores >= count) {
      const [, likely] = writer.ops('TopK', [p, writer.ints([count])], 2, { axis });
      const row = writer.constant(Tensor.float32([count], hadamardRow(count, at)));
      const signs = writer.expand(row, writer.shapeOf(likely));
      sign = writer.op('ScatterElements', [sign, likely, signs], { axis });
    }
    const scaled = writer.mul(writer.op('Sqrt', [p]), sign);
    const direction = writer.sub(scaled, writer.mul(p, writer.sum(scaled, [axis], true)));
    names[name] = (type === 'FLOAT' ? direction : writer.cast(direction, type)).name;
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
