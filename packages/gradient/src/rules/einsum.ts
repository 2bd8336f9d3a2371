import { type Dim, ELLIPSIS, parseEinsum } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';

/** The gradient of an operand is the product of the output's gradient with the other operands, summed over what that operand does not have. */
const einsum: GradientRule = (call) => {
  const { writer } = call;
  const { inputs, output } = inLetters(call);
  for (const [index, labels] of inputs.entries()) {
    if (!call.wants(index)) continue;
    if (call.perSample(index)) call.refuse('gradients of each sample are not known of it');
    if (new Set(labels).size < labels.length) call.refuse('an operand has a label twice');
    const others = inputs.flatMap((own, at) => (at === index ? [] : [{ own, value: call.input(at) }]));
    const elsewhere = new Set([...output, ...others.flatMap(({ own }) => own)]);
    const kept = labels.filter((label) => elsewhere.has(label));
    const terms = [output, ...others.map(({ own }) => own)].map((own) => own.join(''));
    const operands = [call.gradient(), ...others.map(({ value }) => value)];
    let gradient = writer.op('Einsum', operands, { equation: `${terms.join(',')}->${kept.join('')}` });
    // Labels of this operand alone were summed: each of their positions has the same gradient.
    const summed = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
    if (summed.length > 0) {
      gradient = writer.expand(writer.unsqueeze(gradient, summed), writer.shapeOf(call.input(index)));
    }
    call.giveSummed(index, gradient, widest(call, labels, inputs));
  }
};

/** The equation with a letter for each axis that the ellipsis stands for, counted from the last. */
function inLetters(call: GradientCall): { inputs: string[][]; output: string[] } {
  const equation = parseEinsum(call.node.string('equation') ?? '') ?? call.refuse('its equation cannot be read');
  const taken = new Set([...equation.inputs, equation.output].flat());
  const free = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !taken.has(letter));
  const lettered = (labels: readonly string[], rank: number) => {
    const hidden = rank - labels.filter((label) => label !== ELLIPSIS).length;
    return labels.flatMap((label) => (label === ELLIPSIS ? free.slice(0, hidden).reverse() : [label]));
  };
  return {
    inputs: equation.inputs.map((labels, at) => lettered(labels, call.shape(call.input(at)).length)),
    output: lettered(equation.output, call.shape(call.output()).length),
  };
}

/** The sizes behind labels: where one operand has the size 1, those of another. */
function widest(call: GradientCall, labels: readonly string[], inputs: readonly string[][]): Dim[] {
  return labels.map((label) => {
    const sizes = inputs.flatMap((own, at) =>
      own.includes(label) ? [call.shape(call.input(at))[own.indexOf(label)]] : [],
    );
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

export const EINSUM_RULES: Readonly<Record<string, GradientRule>> = { Einsum: einsum };
