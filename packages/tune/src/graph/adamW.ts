import type { GraphWriter } from '@snp/gradient';
import type { Graph, Value } from '@snp/onnx';
import type { Trainable } from './trainable.js';

/** What stays the same over all steps of AdamW. */
export interface AdamWOptions {
  /** Share of the decaying weights that leaves in a step, times the rate. */
  weightDecay: number;
  /** Longest gradient of all weights together; longer ones are shortened to it. */
  clip: number;
}

/** Names of the inputs and outputs of one weight's state. */
export interface WeightState {
  weight: string;
  first: string;
  second: string;
  average: string;
}

/** The state of the optimiser as inputs and outputs of a graph, by the names of weights. */
export interface OptimiserNames {
  inputs: ReadonlyMap<string, WeightState>;
  outputs: ReadonlyMap<string, WeightState>;
  /** Scalars of 64 bits: learning rate, number of the step from 1 on, and how much a step counts in the average of the weights. */
  rate: string;
  step: string;
  share: string;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Keeps a gradient of no length from being divided by it, as in PyTorch. */
const CLIP_EPSILON = 1e-6;

/** Numbers that all weights share in a step. */
interface Step {
  /** What a gradient and its square are multiplied with: clipped, and as they count in the moments. */
  gradient: Value;
  square: Value;
  /** What the quotient of both moments is multiplied with, and what is added to its divisor. */
  rate: Value;
  epsilon: Value;
  /** What decaying weights are multiplied with; undefined: none decays. */
  decay: Value | undefined;
  /** How much the new weights count in their average. */
  share: Value;
}

/**
 * Adds a step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) with global clipping of gradients (Pascanu et al. 2013) to a graph, and a moving average of the weights. Weights become
 * inputs of their own names; moments and averages are inputs beside them. With moments m and v, corrected by c = 1 - beta^step:
 *
 *     w' = w (1 - rate decay) - rate (m / c1) / (sqrt(v / c2) + epsilon)
 */
export function addAdamW(
  writer: GraphWriter,
  gradients: readonly { weight: Trainable; gradient: Value }[],
  options: AdamWOptions,
): OptimiserNames {
  const { graph } = writer;
  const [rate, step, share] = ['rate', 'step', 'share'].map((name) => scalarInput(graph, `tune/${name}`));
  const numbers = stepNumbers(writer, { rate, step, share }, { gradients, ...options });
  const inputs = new Map<string, WeightState>();
  const outputs = new Map<string, WeightState>();
  for (const { weight, gradient } of gradients) {
    const old = inputsOf(graph, weight);
    const updated = update(writer, { ...old, gradient }, weight.decays ? numbers : { ...numbers, decay: undefined });
    inputs.set(weight.name, namesOf(old));
    outputs.set(weight.name, namesOf(updated));
    for (const value of Object.values(updated)) giveOut(graph, value, weight.tensor.dims);
  }
  return { inputs, outputs, rate: rate.name, step: step.name, share: share.name };
}

/** Corrections of moments lose their digits in 32 bits, as 1 - 0.999 does: scalars are computed in 64. */
function stepNumbers(
  writer: GraphWriter,
  { rate, step, share }: Record<'rate' | 'step' | 'share', Value>,
  { gradients, weightDecay, clip }: AdamWOptions & { gradients: readonly { gradient: Value }[] },
): Step {
  const wide = (number: number) => writer.number(number, 'DOUBLE');
  const correction = (beta: number) => writer.sub(wide(1), writer.op('Pow', [wide(beta), step]));
  const second = writer.op('Sqrt', [correction(BETA2)]);
  const squares = gradients.map(({ gradient }) => writer.op('ReduceSumSquare', [gradient], { keepdims: 0 }));
  const length = writer.cast(writer.op('Sqrt', [writer.op('Sum', squares)]), 'DOUBLE');
  const shortened = writer.op('Min', [wide(1), writer.div(wide(clip), writer.add(length, wide(CLIP_EPSILON)))]);
  const single = (value: Value) => writer.cast(value, 'FLOAT');
  return {
    gradient: single(writer.mul(wide(1 - BETA1), shortened)),
    square: single(writer.mul(wide(1 - BETA2), writer.mul(shortened, shortened))),
    rate: single(writer.div(writer.mul(rate, second), correction(BETA1))),
    epsilon: single(writer.mul(wide(EPSILON), second)),
    decay: weightDecay === 0 ? undefined : single(writer.sub(wide(1), writer.mul(rate, wide(weightDecay)))),
    share: single(share),
  };
}

type State = Record<keyof WeightState, Value>;

function update(writer: GraphWriter, { gradient, ...old }: State & { gradient: Value }, step: Step): State {
  const decayed = (value: Value, beta: number) => writer.mul(value, writer.number(beta, 'FLOAT'));
  const first = writer.add(decayed(old.first, BETA1), writer.mul(gradient, step.gradient));
  const square = writer.mul(writer.mul(gradient, gradient), step.square);
  const second = writer.add(decayed(old.second, BETA2), square);
  const quotient = writer.div(first, writer.add(writer.op('Sqrt', [second]), step.epsilon));
  const before = step.decay ? writer.mul(old.weight, step.decay) : old.weight;
  const weight = writer.sub(before, writer.mul(quotient, step.rate));
  const average = writer.add(old.average, writer.mul(writer.sub(weight, old.average), step.share));
  return { weight, first, second, average };
}

function namesOf(state: State): WeightState {
  const { weight, first, second, average } = state;
  return { weight: weight.name, first: first.name, second: second.name, average: average.name };
}

/** The weight as an input of the graph in place of a constant, and its moments and average beside it. */
function inputsOf(graph: Graph, { name, tensor: { dims } }: Trainable): State {
  const added = (what: string) => stateInput(graph, `tune/${what}/${name}`, dims);
  return {
    weight: weightInput(graph, name),
    first: added('first'),
    second: added('second'),
    average: added('average'),
  };
}

/** An input of float32 numbers that is held between steps. */
export function stateInput(graph: Graph, name: string, dims: readonly number[]): Value {
  const value = graph.addValue(graph.uniqueName(name));
  value.type = { elementType: 'FLOAT', shape: [...dims] };
  graph.inputs.push(value);
  return value;
}

/** Makes a weight an input of its own name. */
export function weightInput(graph: Graph, name: string): Value {
  const weight = graph.value(name);
  weight.type = { elementType: 'FLOAT', shape: [...weight.tensor!.dims] };
  weight.tensor = undefined;
  if (!graph.inputs.includes(weight)) graph.inputs.push(weight);
  return weight;
}

function scalarInput(graph: Graph, name: string): Value {
  const value = graph.addValue(graph.uniqueName(name));
  value.type = { elementType: 'DOUBLE', shape: [] };
  graph.inputs.push(value);
  return value;
}

/** Makes a value an output whose shape is stated: what is written over must be of one size. */
export function giveOut(graph: Graph, value: Value, dims: readonly number[]): void {
  value.type = { elementType: 'FLOAT', shape: [...dims] };
  graph.outputs.push(value);
}
