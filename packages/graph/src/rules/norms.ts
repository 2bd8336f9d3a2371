import { type Node, storedConstant, type Value } from '@snp/onnx';
import type { CountConstant } from '../walk/countConstant.js';
import type { Propagation } from '../walk/propagation.js';
import { positionsOf, reducedAxes } from './reducedAxes.js';

/** A reduction that is a statistic of a norm which an exporter took apart. */
export interface NormStatistic {
  counts: readonly CountConstant[];
}

/**
 * Recognises a statistic of a norm over `count` positions: the mean that is subtracted from the values it was taken from, and the mean of squares whose
 * inverse root scales the values that were squared. The sum of squares is one too where it is divided by the number of positions. Whatever else
 * is done with a statistic, it is none of a norm, and undefined is returned.
 */
export function normStatistic(
  reduction: Node,
  count: number | undefined,
  walk: Propagation,
): NormStatistic | undefined {
  const [input] = reduction.inputs;
  const [output] = reduction.outputs;
  if (!input || !output || isOutput(output) || output.uses.size === 0) return undefined;
  const mean = reduction.opType === 'ReduceMean';
  const averages = mean ? [{ value: output, counts: [] }] : averagesOf(reduction, count, walk);
  if (averages?.every(({ value }) => isTakenAway(value, walk)))
    return { counts: averages.flatMap(({ counts }) => counts) };
  const squared =
    reduction.opType === 'ReduceSumSquare'
      ? input
      : mean || reduction.opType === 'ReduceSum'
        ? squareOf(input, walk)
        : undefined;
  return squared && new Statistic(squared, count, walk).follow(output, mean);
}

/** Whether a sum is divided by the number of its positions, so that it is a mean: what it is divided by stays. */
export function isAveraged(sum: Value, count: number | undefined, walk: Propagation): boolean {
  return [...sum.uses].some(({ node, index }) => {
    if (node.opType === 'Cast' || node.opType === 'Identity')
      return node.outputs[0] !== undefined && isAveraged(node.outputs[0], count, walk);
    const number = node.opType === 'Mul' || (node.opType === 'Div' && index === 0) ? node.inputs[1 - index] : undefined;
    const by = scalarOf(number, walk);
    return by !== undefined && by !== 1 && count !== undefined && COUNTS.some((of) => isNear(of(count), by));
  });
}

/** The mean that each reader of a sum makes of it; undefined where some does anything else. */
function averagesOf(
  sum: Node,
  count: number | undefined,
  walk: Propagation,
): { value: Value; counts: CountConstant[] }[] | undefined {
  if (sum.opType !== 'ReduceSum') return undefined;
  const averages = [...sum.outputs[0]!.uses].map(({ node, index }) => {
    const of = averaging(node, index, count, walk);
    return of && node.outputs[0] && { value: node.outputs[0], counts: [{ node, index: 1 - index, of }] };
  });
  return averages.every((average) => average !== undefined) ? averages : undefined;
}

/** How the number by which a node makes a mean of a sum follows from the number of positions. */
function averaging(
  node: Node,
  index: number,
  count: number | undefined,
  walk: Propagation,
): CountConstant['of'] | undefined {
  const of = node.opType === 'Mul' ? (n: number) => 1 / n : (n: number) => n;
  if (count === undefined || !(node.opType === 'Mul' || (node.opType === 'Div' && index === 0))) return undefined;
  const number = scalarOf(node.inputs[1 - index], walk);
  return number !== undefined && isNear(of(count), number) ? of : undefined;
}

function isTakenAway(mean: Value, walk: Propagation): boolean {
  const readers = mean.consumers;
  return (
    !isOutput(mean) &&
    readers.length > 0 &&
    readers.every(
      (node) =>
        isCentring(node, walk, mean) ||
        shiftsByMean(node, mean, walk) ||
        isPartOfVariance(node, mean, walk) ||
        (restoresAxes(node, walk) && isTakenAway(node.outputs[0]!, walk)),
    )
  );
}

/** `mean * mean`, all of which is taken from the mean of squares of the same values. */
function isPartOfVariance(node: Node, mean: Value, walk: Propagation): boolean {
  const [square] = node.outputs;
  if (!square || squareOf(square, walk) !== mean || isOutput(square) || square.uses.size === 0) return false;
  return square.consumers.every((reader) => varianceOf(reader, walk) !== undefined);
}

/** Of what a node makes the variance, as `mean(x * x) - mean(x) * mean(x)`. */
function varianceOf(node: Node, walk: Propagation): Value | undefined {
  const [squares, square] = node.inputs;
  if (node.opType !== 'Sub' || !squares || !square) return undefined;
  const [ofSquares, mean] = [meanBehind(squares, walk), squareOf(square, walk)];
  const squared = ofSquares?.inputs[0] && squareOf(ofSquares.inputs[0], walk);
  const ofValues = mean && meanBehind(mean, walk);
  const isSame =
    squared &&
    ofValues &&
    origin(squared) === origin(ofValues.inputs[0]) &&
    `${reducedAxes(ofSquares!, walk)}` === `${reducedAxes(ofValues, walk)}`;
  return isSame ? origin(squared) : undefined;
}

/** Whether a node gives a statistic the axes back that its reduction dropped. */
function restoresAxes(node: Node, walk: Propagation): boolean {
  const [value] = node.inputs;
  if (node.opType !== 'Unsqueeze' || !value || !node.outputs[0]) return false;
  const reduction = reductionBehind(value);
  const dropped = reduction?.int('keepdims', 1) === 0 ? reducedAxes(reduction, walk) : undefined;
  const rank = walk.shape(node.outputs[0])?.length;
  const stated = node.inputs[1] ? walk.integers(node, 1) : node.ints('axes');
  if (!dropped || !stated || rank === undefined || rank !== walk.shape(reduction!.inputs[0])?.length) return false;
  const given = stated.map((axis) => (axis < 0 ? axis + rank : axis));
  return given.length === dropped.length && given.every((axis) => dropped.includes(axis));
}

/** The reduction of which a value is made with constants alone. */
function reductionBehind(value: Value): Node | undefined {
  let at: Value | undefined = value;
  for (let step = 0; at?.producer && step < LONGEST; step++) {
    if (at.producer.opType.startsWith('Reduce')) return at.producer;
    const activations: (Value | undefined)[] = at.producer.inputs.filter((own) => own && !storedConstant(own));
    if (activations.length !== 1) return undefined;
    [at] = activations;
  }
  return undefined;
}

/** `x - mean(x)`. */
export function isCentring(node: Node, walk: Propagation, mean = node.inputs[1]): boolean {
  if (node.opType !== 'Sub' || !mean || node.inputs[1] !== mean) return false;
  const reduction = meanBehind(mean, walk);
  return reduction !== undefined && origin(reduction.inputs[0]) === origin(node.inputs[0]);
}

/** The reduction whose mean a value is, or whose sum it is by the number of positions. */
function meanBehind({ producer }: Value, walk: Propagation): Node | undefined {
  if (producer?.opType === 'ReduceMean') return producer;
  if (producer && restoresAxes(producer, walk)) return meanBehind(producer.inputs[0]!, walk);
  const index = producer?.inputs.findIndex((value) => value?.producer?.opType === 'ReduceSum') ?? -1;
  const sum = producer?.inputs[index]?.producer;
  return sum && averaging(producer!, index, positionsOf(sum, walk), walk) ? sum : undefined;
}

/** `mean * scale` of a norm written as `x * scale + (shift - mean * scale)`, where the scale is the inverse root of the variance, perhaps with weights. */
function shiftsByMean(node: Node, mean: Value, walk: Propagation): boolean {
  if (node.opType !== 'Mul') return false;
  let at = node.inputs[0] === mean ? node.inputs[1] : node.inputs[0];
  for (let step = 0; at?.producer && step < LONGEST; step++) {
    const { producer }: { producer: Node } = at as Value & { producer: Node };
    const centred = producer.opType === 'ReduceMean' && producer.inputs[0] && squareOf(producer.inputs[0], walk);
    if (centred) return centred.producer !== undefined && isCentring(centred.producer, walk, mean);
    if (!['Mul', 'Reciprocal', 'Sqrt', 'Pow', 'Add', 'Cast', 'Identity', 'Div'].includes(producer.opType)) return false;
    const activations = producer.inputs.filter((value) => value && !value.tensor);
    if (activations.length !== 1) return false;
    [at] = activations;
  }
  return false;
}

/** Norms have fewer operators than this behind a statistic. */
const LONGEST = 16;

/** In place of a power: a scale that has its weights already. */
const SCALE = Number.NaN;

/** Numbers that are made of the number of positions. */
const COUNTS: readonly ((count: number) => number)[] = [
  (n) => n,
  (n) => n - 1,
  (n) => 1 / n,
  (n) => 1 / (n - 1),
  (n) => n / (n - 1),
  (n) => (n - 1) / n,
];

/** Follows a statistic from the values that were squared to what it scales. */
class Statistic {
  readonly #counts: CountConstant[] = [];
  /** Divided by a number of positions, as a sum has to be. */
  #averaged = false;
  /** The square of the mean was taken away, so that it is a variance. */
  #centred = false;
  /** Powers with which values were looked at: ways that part may meet again. */
  readonly #seen = new Map<Value, Set<number>>();

  constructor(
    readonly squared: Value,
    readonly count: number | undefined,
    readonly walk: Propagation,
  ) {}

  follow(value: Value, mean: boolean): NormStatistic | undefined {
    if (!this.#scales(value, 1, 0)) return undefined;
    return mean || this.#averaged ? { counts: this.#counts } : undefined;
  }

  /** Whether all that is done with a power of the mean of squares is to scale, by its inverse root. */
  #scales(value: Value, power: number, step: number): boolean {
    if (isOutput(value) || value.uses.size === 0 || step > LONGEST) return false;
    const powers = this.#seen.get(value) ?? new Set();
    if (powers.has(power)) return true;
    this.#seen.set(value, powers.add(power));
    return [...value.uses].every(({ node, index }) => this.#isPart(node, index, power, step + 1));
  }

  #isPart(node: Node, index: number, power: number, step: number): boolean {
    const next = (own = power) => node.outputs[0] !== undefined && this.#scales(node.outputs[0], own, step);
    const other = node.inputs[1 - index];
    const number = scalarOf(other, this.walk);
    switch (node.opType) {
      case 'Cast':
      case 'Identity':
        return next();
      case 'Unsqueeze':
        return index === 0 && restoresAxes(node, this.walk) && next();
      case 'Add':
      case 'Max':
        return number !== undefined && next();
      case 'Clip':
        return index === 0 && next();
      case 'Sub':
        if (index !== 0 || power !== 1 || varianceOf(node, this.walk) !== origin(this.squared)) return false;
        this.#centred = true;
        return next();
      case 'Sqrt':
        return next(power / 2);
      case 'Reciprocal':
        return next(-power);
      case 'Pow':
        return index === 0 && number !== undefined && next(power * number);
      case 'Mul':
        if (number !== undefined) return this.#isCount(node, 1 - index, number) && next();
        if (power !== -0.5) return false;
        return this.#isScaled(other) || (isVector(other) && this.#scalesValues(node.outputs[0], step));
      case 'Div':
        if (index === 0) return number !== undefined && this.#isCount(node, 1, number) && next();
        return number === 1 ? next(-power) : power === 0.5 && this.#isScaled(other);
      default:
        return false;
    }
  }

  /** A scale that has its weights already: all it may do is to scale. */
  #scalesValues(value: Value | undefined, step: number): boolean {
    if (!value || isOutput(value) || value.uses.size === 0 || step > LONGEST) return false;
    const powers = this.#seen.get(value) ?? new Set();
    if (powers.has(SCALE)) return true;
    this.#seen.set(value, powers.add(SCALE));
    return [...value.uses].every(({ node, index }) => {
      if (node.opType === 'Cast' || node.opType === 'Identity') return this.#scalesValues(node.outputs[0], step + 1);
      return node.opType === 'Mul' && this.#isScaled(node.inputs[1 - index]);
    });
  }

  /** The values that were squared, with weights or without; or, where those were centred, the values before, and their mean. */
  #isScaled(value: Value | undefined): boolean {
    const source = origin(value);
    if (!source) return false;
    const own = origin(this.squared)!;
    const sources =
      own.producer && isCentring(own.producer, this.walk) ? [own, ...own.producer.inputs.map(origin)] : [own];
    if (sources.includes(source)) return true;
    const { producer } = source;
    if (this.#centred && producer && isCentring(producer, this.walk) && origin(producer.inputs[0]) === own) return true;
    if (producer?.opType !== 'Mul') return false;
    const [a, b] = producer.inputs;
    return (isVector(a) && origin(b) === own) || (isVector(b) && origin(a) === own);
  }

  #isCount(node: Node, index: number, number: number): boolean {
    if (number === 1) return true;
    const { count } = this;
    const of = count === undefined ? undefined : COUNTS.find((made) => isNear(made(count), number));
    if (!of) return false;
    this.#counts.push({ node, index, of });
    this.#averaged = true;
    return true;
  }
}

/** Equal in the precision of the constants that exporters write. */
function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.abs(a);
}

/** The value whose square this is, elementwise. */
function squareOf(value: Value, walk: Propagation): Value | undefined {
  const node = origin(value)?.producer;
  if (node?.opType === 'Mul' && node.inputs[0] === node.inputs[1]) return node.inputs[0];
  return node?.opType === 'Pow' && scalarOf(node.inputs[1], walk) === 2 ? node.inputs[0] : undefined;
}

/** A constant of one element, as a number. */
function scalarOf(value: Value | undefined, walk: Propagation): number | undefined {
  const tensor = storedConstant(value)?.tensor;
  if (tensor) return tensor.size === 1 ? Number(tensor.numbers()[0]) : undefined;
  const content = value && walk.shapes.content(value);
  return content?.length === 1 && typeof content[0] === 'number' ? content[0] : undefined;
}

/** Weights along some axis. */
function isVector(value: Value | undefined): boolean {
  const tensor = storedConstant(value)?.tensor;
  return tensor !== undefined && tensor.size > 1;
}

/** What a value was before it was converted to another data type. */
function origin(value: Value | undefined): Value | undefined {
  let at = value;
  while (at?.producer?.opType === 'Cast' || at?.producer?.opType === 'Identity') [at] = at.producer.inputs;
  return at;
}

/** Whoever runs the model sees it. */
function isOutput(value: Value): boolean {
  return value.producer?.graph?.outputs.includes(value) ?? false;
}
