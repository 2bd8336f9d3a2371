import type { GraphWriter } from '@snp/gradient';
import { type Dim, dimsEqual, type ShapeInfo, SnpError, type Value } from '@snp/onnx';
import type { LossKind } from './lossKind.js';

/** An output of the student that is to come close to the teacher's. */
export interface Answer {
  /** The name of the output. */
  output: string;
  loss: LossKind;
  /** With `error`: the variance of the teacher's answers. */
  variance: number;
}

/** What to compare, in a graph. */
export interface Compared {
  student: Value;
  teacher: Value;
  answer: Answer;
  temperature: number;
  /** Of each row of answers how much it counts; undefined: all alike. */
  counts: Value | undefined;
  shapes: ShapeInfo;
}

/** Sums over all rows of answers, as scalars. */
export interface LossSums {
  loss: Value;
  /** How much the rows count together. */
  count: Value;
}

/** The same of each sample: vectors [samples]. */
export interface SampleSums extends LossSums {
  /** How much of the rows have the highest score in the right place: where the teacher has it, or the label. */
  right: Value;
}

/** The loss of an output, by its kind (Hinton et al. 2015, arXiv 1503.02531, for scores): of each row, times what it counts, summed. */
export function lossSums(writer: GraphWriter, compared: Compared): LossSums {
  const { counts } = compared;
  const rows = lossRows(writer, compared);
  const counted = counts ? writer.mul(rows, counts) : rows;
  const weights = counts ? writer.expand(counts, writer.shapeOf(rows)) : undefined;
  return {
    loss: total(writer, counted),
    count: weights ? total(writer, weights) : writer.cast(writer.op('Size', [rows]), 'FLOAT'),
  };
}

/** The same of each of so many samples, and where both have the same highest score. What is not counted by samples is told of the first. */
export function sampleSums(writer: GraphWriter, compared: Compared, samples: number): SampleSums {
  const { student, teacher, answer, counts, shapes } = compared;
  const dims = shapes.shape(student)!;
  const rows = lossRows(writer, compared);
  const weights = counts
    ? writer.expand(counts, writer.shapeOf(rows))
    : writer.filled(1, 'FLOAT', writer.shapeOf(rows));
  const axis = dims.length - 1;
  const top = (scores: Value) => writer.op('ArgMax', [scores], { axis, keepdims: 0 });
  const same =
    answer.loss === 'divergence' ? writer.cast(writer.op('Equal', [top(student), top(teacher)]), 'FLOAT') : undefined;
  const bySample = (own: Value) => {
    const rank = Math.max(1, axis);
    if (dims[0] !== samples) return firstOf(writer, total(writer, own), samples);
    const inner = Array.from({ length: rank - 1 }, (_, at) => at + 1);
    return inner.length > 0 ? writer.sum(own, inner, false) : own;
  };
  return {
    loss: bySample(writer.mul(rows, weights)),
    count: bySample(weights),
    right: same ? bySample(writer.mul(same, weights)) : writer.filled(0, 'FLOAT', writer.ints([samples])),
  };
}

/** A vector of a number and zeros. */
function firstOf(writer: GraphWriter, number: Value, length: number): Value {
  const rest = writer.filled(0, 'FLOAT', writer.ints([length - 1]));
  return writer.concat([writer.reshape(number, [1]), rest], 0);
}

/** The loss of each row of answers. */
function lossRows(writer: GraphWriter, compared: Compared): Value {
  const rank = rankOf(compared.student, compared.shapes);
  return compared.answer.loss === 'divergence' ? divergences(writer, compared, rank) : errors(writer, compared, rank);
}

function total(writer: GraphWriter, rows: Value): Value {
  return writer.op('ReduceSum', [rows], { keepdims: 0 });
}

/** Cross-entropy of scores [samples, classes] with the classes that labels [samples] name. A label below 0 counts nothing. */
export function labelSums(writer: GraphWriter, given: { student: Value; labels: Value }): LossSums {
  const { loss, count } = labelSampleSums(writer, { ...given, samples: undefined });
  return { loss: total(writer, loss), count: total(writer, count) };
}

/**
 * The same of each sample, and whether the class that its label names has the highest score.
 *
 * @param options.samples What each sample counts: a vector. Default: all alike.
 */
export function labelSampleSums(
  writer: GraphWriter,
  { student, labels, samples }: { student: Value; labels: Value; samples: Value | undefined },
): SampleSums {
  const zero = writer.int(0);
  const known = writer.cast(writer.op('Not', [writer.op('Less', [labels, zero])]), 'FLOAT');
  const counts = samples ? writer.mul(known, samples) : known;
  const logs = writer.op('LogSoftmax', [scoresOf(writer, student, student)], { axis: 1 });
  const classes = writer.unsqueeze(writer.op('Max', [labels, zero]), [1]);
  const own = writer.sum(writer.op('GatherElements', [logs, classes], { axis: 1 }), [1], false);
  const highest = writer.op('ArgMax', [student], { axis: 1, keepdims: 0 });
  const correct = writer.cast(writer.op('Equal', [highest, labels]), 'FLOAT');
  return { loss: writer.neg(writer.mul(own, counts)), count: counts, right: writer.mul(correct, counts) };
}

/** Of each row, T^2 times the divergence of softmax(student / T) from softmax(teacher / T). */
function divergences(writer: GraphWriter, { student, teacher, temperature }: Compared, rank: number): Value {
  const axis = rank - 1;
  const cooled = (scores: Value) =>
    temperature === 1 ? scores : writer.mul(scores, writer.number(1 / temperature, 'FLOAT'));
  const wanted = writer.op('LogSoftmax', [cooled(scoresOf(writer, teacher, student))], { axis });
  const found = writer.op('LogSoftmax', [cooled(scoresOf(writer, student, student))], { axis });
  const rows = writer.sum(writer.mul(writer.op('Exp', [wanted]), writer.sub(wanted, found)), [axis], false);
  return temperature === 1 ? rows : writer.mul(rows, writer.number(temperature ** 2, 'FLOAT'));
}

/** Least probability that is told from none. */
const LEAST = 1e-12;

/** Scores of an output. Of a model that ends with a softmax they are logarithms: softmax of these gives the probabilities back. */
function scoresOf(writer: GraphWriter, numbers: Value, { producer }: Value): Value {
  if (producer?.op !== 'Softmax') return numbers;
  return writer.op('Log', [writer.add(numbers, writer.number(LEAST, 'FLOAT'))]);
}

/** Of each row, the mean squared error as a share of the variance. */
function errors(writer: GraphWriter, { student, teacher, answer }: Compared, rank: number): Value {
  const difference = writer.sub(student, teacher);
  const squares = writer.mul(difference, difference);
  const rows = rank < 2 ? squares : writer.mean(squares, [rank - 1], false);
  return writer.mul(rows, writer.number(1 / answer.variance, 'FLOAT'));
}

function rankOf(value: Value, shapes: ShapeInfo): number {
  const shape = shapes.shape(value);
  if (shape) return shape.length;
  throw new SnpError('unsupported', `The shape of output '${value.name}' cannot be told: it cannot be trained on.`, {
    value: value.name,
  });
}

/**
 * What rows of answers count, as far as inputs say it: of tokens that a mask [samples, tokens] leaves out, nothing.
 *
 * @param options.samples What each sample counts: a vector, where it is known.
 */
export function rowCounts(
  writer: GraphWriter,
  student: Value,
  { shapes, masks, samples }: { shapes: ShapeInfo; masks: readonly Value[]; samples: Value | undefined },
): Value | undefined {
  const dims = shapes.shape(student) ?? [];
  const alike = (one: Dim | undefined, other: Dim | undefined) =>
    one !== undefined && other !== undefined && dimsEqual(one, other);
  const mask = masks.find((value) => {
    const own = shapes.shape(value) ?? [];
    return dims.length === 3 && own.length === 2 && own.every((dim, axis) => alike(dim, dims[axis]));
  });
  const tokens = mask && writer.cast(mask, 'FLOAT');
  const own = samples && alike(shapes.shape(samples)?.[0], dims[0]) ? samples : undefined;
  if (!own) return tokens;
  const inner = Array.from({ length: dims.length - 2 }, (_, axis) => axis + 1);
  const wide = inner.length > 0 ? writer.unsqueeze(own, inner) : own;
  return tokens ? writer.mul(tokens, wide) : wide;
}
