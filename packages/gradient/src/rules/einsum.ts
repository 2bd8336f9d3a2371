import { ELLIPSIS, parseEinsum } from '@snp/onnx';
import type { GradientRule } from './rule.js';

/** The gradient of an operand is the product of the output's gradient with the other operands, summed over what that operand does not have. */
const einsum: GradientRule = (call) => {
  const { writer, node } = call;
  const equation = parseEinsum(node.string('equation') ?? '') ?? call.refuse('its equation cannot be read');
  const { inputs, output } = equation;
  for (const [index, labels] of inputs.entries()) {
    if (!call.wants(index)) continue;
    if (call.perSample(index)) call.refuse('gradients of each sample are not known of it');
    if (new Set(labels).size < labels.length) call.refuse('an operand has a label twice');
    const others = inputs.flatMap((own, at) => (at === index ? [] : [{ own, value: call.input(at) }]));
    const elsewhere = new Set([...output, ...others.flatMap(({ own }) => own)]);
    const kept = labels.filter((label) => elsewhere.has(label));
    if (elsewhere.has(ELLIPSIS) && !labels.includes(ELLIPSIS)) call.refuse('an operand lacks the axes of the ellipsis');
    const terms = [output, ...others.map(({ own }) => own)].map((own) => own.join(''));
    const operands = [call.gradient(), ...others.map(({ value }) => value)];
    let gradient = writer.op('Einsum', operands, { equation: `${terms.join(',')}->${kept.join('')}` });
    // Labels of this operand alone were summed: each of their positions has the same gradient.
    const summed = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
    if (summed.length > 0) {
      const rank = call.shape(call.input(index)).length;
      const after = labels.indexOf(ELLIPSIS);
      const axes = summed.map((axis) => (after >= 0 && axis > after ? axis + rank - labels.length : axis));
      gradient = writer.expand(writer.unsqueeze(gradient, axes), writer.shapeOf(call.input(index)));
    }
    call.give(index, gradient);
  }
};

export const EINSUM_RULES: Readonly<Record<string, GradientRule>> = { Einsum: einsum };
