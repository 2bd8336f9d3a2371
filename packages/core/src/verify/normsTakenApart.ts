import { type Model, type Node, storedConstant, type Value } from '@snp/onnx';

/** A norm that an exporter wrote as single operators: something divided by the root of the mean of its squares, after its own mean was taken away or not. */
export interface NormTakenApart {
  /** The sum or mean of squares. */
  squares: Node;
  /** Sums or means that are taken away first: one, or the same one computed twice. */
  means: readonly Node[];
  /** Nodes that take a mean away. */
  differences: readonly Node[];
  /** Where a sum or mean is multiplied with or divided by a number: the node, and the index of the number. */
  factors: readonly { node: Node; index: number }[];
}

const REDUCTIONS = ['ReduceMean', 'ReduceSum', 'ReduceSumSquare'];

/** Steps from a sum of squares to the division by its root. */
const FURTHEST = 16;

/** Finds norms by what they compute, not by how they are scaled. */
export function normsTakenApart({ graph }: Model): NormTakenApart[] {
  return graph.nodes.filter(({ op }) => REDUCTIONS.includes(op)).flatMap((node) => normAround(node) ?? []);
}

function normAround(squares: Node): NormTakenApart | undefined {
  const squared = squares.op === 'ReduceSumSquare' ? squares.inputs[0] : squareRootOf(squares.inputs[0]);
  if (!squared) return undefined;
  const mean = meanTakenFrom(squared);
  const numerators = [squared, ...(mean ? [mean.of] : [])].map(origin);
  let scales = false;
  const means = new Set(mean ? [mean.node] : []);
  const differences = new Set(mean ? [mean.difference] : []);
  const factors = new Set<{ node: Node; index: number }>(mean?.factors);
  let moment: MeanOf | undefined;
  const follow = (value: Value, state: { rooted: boolean; inverted: boolean }, steps: number): void => {
    if (steps > FURTHEST) return;
    for (const { node, index } of value.uses) {
      const next = node.outputs[0];
      const other = node.inputs[1 - index];
      if (!next) continue;
      const goOn = (change: Partial<typeof state> = {}) => follow(next, { ...state, ...change }, steps + 1);
      const power = node.op === 'Pow' && index === 0 ? numberOf(other) : undefined;
      if (['Cast', 'Identity', 'Clip', 'Max', 'Unsqueeze', 'Squeeze', 'Expand', 'Reshape'].includes(node.op)) {
        if (index === 0 || node.op === 'Max') goOn();
      } else if (node.op === 'Sqrt' || power === 0.5) goOn({ rooted: true });
      else if (power === -0.5) goOn({ rooted: true, inverted: !state.inverted });
      else if (node.op === 'Reciprocal' || (node.op === 'Div' && index === 1 && numberOf(other) === 1))
        goOn({ inverted: !state.inverted });
      else if (node.op === 'Add' && numberOf(other) !== undefined) goOn();
      else if (node.op === 'Sub' && index === 0 && !state.rooted && other) {
        // The mean of squares less the square of the mean.
        const taken = squareRootOf(other);
        moment = taken && meanBehind(taken);
        if (moment && origin(moment.of) === origin(squared)) goOn();
      } else if (numberOf(other) !== undefined && (node.op === 'Mul' || (node.op === 'Div' && index === 0))) {
        // What comes after the root is a scale like any other.
        if (!state.rooted) factors.add({ node, index: 1 - index });
        goOn();
      } else if (node.op === 'Mul' && storedConstant(other)) goOn();
      else if (state.rooted && other && (state.inverted ? node.op === 'Mul' : node.op === 'Div' && index === 1)) {
        // The values themselves may be the scaled result of the norm before.
        const divided = [other, unscaled(other)];
        const again = divided.map((own) => sameCentring(own, mean ?? moment)).find((own) => own !== undefined);
        if (again || divided.some((own) => numerators.includes(origin(own)))) scales = true;
        if (again) {
          means.add(again.node);
          differences.add(again.difference);
          for (const factor of again.factors) factors.add(factor);
        }
      }
    }
  };
  follow(squares.outputs[0]!, { rooted: false, inverted: false }, 0);
  if (!scales) return undefined;
  if (moment) {
    means.add(moment.node);
    for (const factor of moment.factors) factors.add(factor);
  }
  return { squares, means: [...means], differences: [...differences], factors: unique([...factors]) };
}

/** What a value is the square of. */
function squareRootOf(value: Value | undefined): Value | undefined {
  const node = value && origin(value).producer;
  const [a, b] = node?.inputs ?? [];
  if (node?.op === 'Mul' && a && b && origin(a) === origin(b)) return a;
  return node?.op === 'Pow' && numberOf(b) === 2 ? a : undefined;
}

interface MeanOf {
  node: Node;
  factors: NormTakenApart['factors'];
  of: Value;
}

interface Mean extends MeanOf {
  /** What takes it away. */
  difference: Node;
}

/** The mean of a value that was taken away from it. */
function meanTakenFrom(difference: Value): Mean | undefined {
  const { producer } = origin(difference);
  const [of, taken] = producer?.inputs ?? [];
  if (producer?.op !== 'Sub' || !of || !taken) return undefined;
  const mean = meanBehind(taken);
  return mean && origin(mean.of) === origin(of) ? { ...mean, difference: producer } : undefined;
}

/** Of what a value is the mean, or the sum by some number. */
function meanBehind(value: Value): MeanOf | undefined {
  const factors: { node: Node; index: number }[] = [];
  let node = origin(value).producer;
  while (node && ['Div', 'Mul', 'Unsqueeze'].includes(node.op)) {
    let next = node.inputs[0];
    if (node.op !== 'Unsqueeze') {
      const index = node.inputs.findIndex((own, at) => numberOf(own) !== undefined && (at === 1 || node!.op === 'Mul'));
      if (index < 0) return undefined;
      factors.push({ node, index });
      next = node.inputs[1 - index];
    }
    node = next && origin(next).producer;
  }
  const [of] = node?.inputs ?? [];
  return of && ['ReduceMean', 'ReduceSum'].includes(node!.op) ? { node: node!, factors, of } : undefined;
}

/** What a vector of constants scales. */
function unscaled(value: Value): Value {
  const { producer } = origin(value);
  const constant = producer?.op === 'Mul' ? producer.inputs.findIndex((own) => storedConstant(own)) : -1;
  return constant < 0 ? value : producer!.inputs[1 - constant]!;
}

/** The mean of the same difference, computed a second time. */
function sameCentring(value: Value, mean: MeanOf | undefined): Mean | undefined {
  const own = meanTakenFrom(value);
  return own && mean && origin(own.of) === origin(mean.of) ? own : undefined;
}

/** Each node once. */
function unique(factors: NormTakenApart['factors']): NormTakenApart['factors'] {
  return [...new Map(factors.map((factor) => [factor.node, factor])).values()];
}

/** Where a value comes from, without casts. */
function origin(value: Value): Value {
  const { producer } = value;
  return producer && ['Cast', 'Identity'].includes(producer.op) && producer.inputs[0]
    ? origin(producer.inputs[0])
    : value;
}

/** The number that a constant of one element holds. */
export function numberOf(value: Value | undefined): number | undefined {
  const tensor = value && origin(value).tensor;
  return tensor?.size === 1 && tensor.dataType !== 'STRING' ? Number(tensor.numbers()[0]) : undefined;
}
