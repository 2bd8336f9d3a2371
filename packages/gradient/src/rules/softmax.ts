import type { GradientCall, GradientRule } from './rule.js';

function axesOf(call: GradientCall): number[] {
  return [call.axis(call.node.int('axis', -1), call.shape(call.output()).length)];
}

/** y (g - sum(y g)) */
const softmax: GradientRule = (call) => {
  const { writer } = call;
  const [y, g] = [call.output(), call.gradient()];
  const share = writer.sum(writer.mul(g, y), axesOf(call), true);
  call.give(0, writer.mul(writer.sub(g, share), y));
};

/** g - softmax sum(g) */
const logSoftmax: GradientRule = (call) => {
  const { writer } = call;
  const g = call.gradient();
  const share = writer.mul(writer.op('Exp', [call.output()]), writer.sum(g, axesOf(call), true));
  call.give(0, writer.sub(g, share));
};

export const SOFTMAX_RULES: Readonly<Record<string, GradientRule>> = { LogSoftmax: logSoftmax, Softmax: softmax };
