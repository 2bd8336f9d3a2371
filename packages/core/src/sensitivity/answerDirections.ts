import { GraphWriter } from '@snp/gradient';
import { type Dim, isFloatType, type Model, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import type { AnswerKind } from '@snp/runtime';

/** Directions for all outputs that hold answers. */
interface AnswerDirectionsOptions {
  /** Names of outputs; those of other than floating-point numbers are left out. */
  outputs: readonly string[];
  kind: AnswerKind;
  shapes: ShapeInfo;
  /** How many directions there are, a power of two, and which of them this is. */
  count: number;
  at: number;
}

/**
 * Adds to a model, for each output, a random direction u such that a small change d of an answer diverges (`Fidelity`) by 1/2 E (u^T d)^2. No labels are needed.
 *
 * @returns Names of the values that hold them, by the name of the output.
 */
export function addAnswerDirections(
  model: Model,
  { outputs, kind, shapes, count, at }: AnswerDirectionsOptions,
): Record<string, string> {
  const writer = new GraphWriter(model.graph, model.opset);
  const names: Record<string, string> = {};
  for (const [index, name] of outputs.entries()) {
    const output = model.graph.value(name);
    const type = shapes.elementType(output);
    const shape = shapes.shape(output);
    if (!type || !isFloatType(type) || !shape?.length) continue;
    const rows: Rows = { numbers: writer.cast(output, 'FLOAT'), axis: shape.length - 1, width: shape.at(-1)! };
    const seed = 1 + at * outputs.length + index;
    const direction =
      kind === 'scores' ? ofScores(writer, rows, { seed, count, at }) : ofEmbeddings(writer, rows, seed);
    names[name] = writer.cast(direction, type).name;
  }
  return names;
}

/** Answers as float32, which lie along the last axis. */
interface Rows {
  numbers: Value;
  axis: number;
  width: Dim;
}

/**
 * E[u u^T] = diag(p) - p p^T for the probabilities p that the model itself gives: the Fisher information. u = sqrt(p) z - p (sqrt(p)^T z), with a sign z for each score: a random one, and for the most likely
 * answers one from the row of a Hadamard matrix, so that in the mean over all directions they do not disturb one another.
 */
function ofScores(
  writer: GraphWriter,
  { numbers, axis, width }: Rows,
  { seed, count, at }: { seed: number; count: number; at: number },
): Value {
  const p = writer.op('Softmax', [numbers], { axis });
  let sign = randomSigns(writer, p, seed);
  if (typeof width === 'number' && width >= count) {
    const [, likely] = writer.ops('TopK', [p, writer.ints([count])], 2, { axis });
    const row = writer.constant(Tensor.float32([count], hadamardRow(count, at)));
    const signs = writer.expand(row, writer.shapeOf(likely));
    sign = writer.op('ScatterElements', [sign, likely, signs], { axis });
  }
  const scaled = writer.mul(writer.op('Sqrt', [p]), sign);
  return writer.sub(scaled, writer.mul(p, writer.sum(scaled, [axis], true)));
}

/** E[u u^T] = 2 / |a - mean(a)|^2: a squared error counts as a share of how far the answer a is from its own mean. */
function ofEmbeddings(writer: GraphWriter, { numbers, axis }: Rows, seed: number): Value {
  const centred = writer.sub(numbers, writer.mean(numbers, [axis], true));
  const spread = writer.sum(writer.mul(centred, centred), [axis], true);
  const some = writer.add(spread, writer.number(LEAST_SPREAD, 'FLOAT'));
  const scale = writer.op('Sqrt', [writer.div(writer.number(2, 'FLOAT'), some)]);
  return writer.mul(randomSigns(writer, numbers, seed), scale);
}

/** Added to what is divided by. */
const LEAST_SPREAD = 1e-12;

/** A random sign for each number. */
function randomSigns(writer: GraphWriter, like: Value, seed: number): Value {
  const range = { low: { float: -1 }, high: { float: 1 }, seed: { float: seed } };
  return writer.op('Sign', [writer.op('RandomUniformLike', [like], range)]);
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
