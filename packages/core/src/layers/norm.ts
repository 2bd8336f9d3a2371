import { dataTypeOf, isMeanOverLastAxis, type Model, type Node, Tensor, type Value } from '@snp/onnx';
import { MOVES } from './linearWriter.js';
import { storedWeight } from './weights.js';

/** A norm over the last axis, as one operator or taken apart by the exporter. */
export interface Norm {
  /** True where the mean is taken away first (LayerNorm), false where it is not (RMSNorm). */
  centring: boolean;
  input: Value;
  scale: Value;
  shift: Value | undefined;
  /** What would come out without scale and shift; undefined inside of one operator. */
  plain: Value | undefined;
  /** All nodes of it, the last one first. */
  nodes: readonly Node[];
}

const CENTRING = 'LayerNormalization';
const RMS = new Set(['RMSNormalization', 'SimplifiedLayerNormalization']);

/** Operators that move positions or samples about, but leave every channel what it is. */
export const CARRIES: ReadonlySet<string> = new Set([...MOVES, 'Concat', 'Expand', 'Dropout']);

/** The norm whose last node this is. */
export function normEndingIn(node: Node): Norm | undefined {
  if (node.opType === CENTRING || RMS.has(node.opType)) {
    const [input] = node.inputs;
    const [, scale, shift] = node.inputs.map(storedWeight);
    return input && scale && (shift || !node.inputs[2])
      ? { centring: node.opType === CENTRING, input, scale, shift, plain: undefined, nodes: [node] }
      : undefined;
  }
  if (node.opType === 'Mul') return scaled(node);
  if (node.opType !== 'Add') return undefined;
  const { constant, data } = apart(node);
  const inner = constant && data?.producer?.opType === 'Mul' && data.uses.size === 1 && scaled(data.producer);
  return inner ? { ...inner, shift: constant, nodes: [node, ...inner.nodes] } : undefined;
}

/** True if nothing but the norm itself reads what is computed inside of it. */
export function isClosed({ nodes }: Norm): boolean {
  return nodes.slice(1).every(({ outputs }) => outputs[0]!.consumers.every((reader) => nodes.includes(reader)));
}

/** The norm that a value comes from by nothing but moves. */
export function normBehind(value: Value): Norm | undefined {
  for (let node = value.producer; node; ) {
    const norm = normEndingIn(node);
    if (norm) return norm;
    if (!CARRIES.has(node.opType)) return undefined;
    node = carried(node)?.producer;
  }
  return undefined;
}

/**
 * Adds to a model what a value would be if the norm that it comes from neither scaled nor shifted: behind a scale of zero nothing can be told any more. What
 * lies between norm and value is repeated.
 */
export function withoutScale(model: Model, value: Value): Value {
  const node = value.producer!;
  const norm = normEndingIn(node);
  if (norm?.plain) return norm.plain;
  const { graph } = model;
  const inputs = norm
    ? [norm.input, graph.addInitializer('tap_scale', onesLike(node.inputs[1]!))]
    : node.inputs.map((input) => (input === carried(node) ? withoutScale(model, input!) : input));
  return graph.addCopy(node, { inputs, outputs: ['tap_plain'] }).outputs[0]!;
}

/** A scale of ones, of the type that the norm reads it in. */
function onesLike(scale: Value): Tensor {
  const { dims, size, dataType } = storedWeight(scale)!.tensor!;
  const type = scale.tensor ? dataType : (dataTypeOf(scale.producer!.int('to', 1)) ?? dataType);
  return Tensor.fromNumbers(type, dims, new Float32Array(size).fill(1));
}

/** The data among the inputs of a node that moves them: the first that is computed. */
function carried(node: Node): Value | undefined {
  return node.inputs.find((input) => input && !input.tensor);
}

function apart(node: Node): { constant: Value | undefined; data: Value | undefined } {
  const constant = node.inputs.map(storedWeight).find((weight) => weight && weight.tensor!.size > 1);
  return { constant, data: constant && node.inputs.find((input) => storedWeight(input) !== constant) };
}

/** `x / sqrt(mean(x^2) + epsilon) * scale`, with or without the mean taken away before. */
function scaled(last: Node): Norm | undefined {
  const { constant: scale, data: plain } = apart(last);
  const division = plain?.producer;
  if (!scale || !plain || !division) return undefined;
  for (const [numerator, denominator] of quotients(division)) {
    const found = deviation(denominator, numerator);
    if (!found) continue;
    const sub = numerator.producer;
    const mean = sub?.opType === 'Sub' ? sub.inputs[1]?.producer : undefined;
    const input = mean && isMeanOverLastAxis(mean) && mean.inputs[0] === sub!.inputs[0] ? mean.inputs[0]! : undefined;
    const nodes = [last, division, ...found, ...(input ? [sub!, mean!] : [])];
    return { centring: input !== undefined, input: input ?? numerator, scale, shift: undefined, plain, nodes };
  }
  return undefined;
}

/** Ways to read a node as numerator over denominator: a / b, or a times 1 / b. */
function quotients(node: Node): [Value, Node][] {
  const [a, b] = node.inputs;
  if (!a || !b) return [];
  if (node.opType === 'Div') return b.producer ? [[a, b.producer]] : [];
  if (node.opType !== 'Mul') return [];
  return [
    [a, b],
    [b, a],
  ].flatMap(([data, inverse]): [Value, Node][] => {
    const producer = inverse.producer;
    const isInverse =
      producer?.opType === 'Reciprocal' || (producer?.opType === 'Div' && producer.inputs[0]?.tensor?.size === 1);
    return isInverse ? [[data, producer!]] : [];
  });
}

/** The nodes of sqrt(mean(x^2) + epsilon), perhaps as 1 / that, if that is what a node is. */
function deviation(node: Node, x: Value): Node[] | undefined {
  const nodes: Node[] = [];
  let at: Node | undefined = node;
  if (at.opType === 'Reciprocal' || (at.opType === 'Div' && at.inputs[0]?.tensor)) {
    nodes.push(at);
    at = at.inputs[at.opType === 'Div' ? 1 : 0]?.producer;
  }
  const steps = [(n: Node) => n.opType === 'Sqrt', (n: Node) => n.opType === 'Add', isMeanOverLastAxis];
  for (const step of steps) {
    if (!at || !step(at)) return undefined;
    nodes.push(at);
    at = at.inputs.find((input) => input && !input.tensor)?.producer;
  }
  const square =
    (at?.opType === 'Pow' && at.inputs[0] === x && at.inputs[1]?.tensor?.numbers()[0] === 2) ||
    (at?.opType === 'Mul' && at.inputs[0] === x && at.inputs[1] === x);
  return square ? [...nodes, at!] : undefined;
}
