import type { Value } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';

/** Numbers, and what is done with them, of a node that works number by number: `x` its input, `y` its output, `g` the output's gradient. */
interface Pointwise {
  x: Value;
  y: Value;
  g: Value;
  call: GradientCall;
  /** A constant of the input's type. */
  number(value: number): Value;
}

/** A rule of an operator of one input from its derivative, times the gradient. */
function pointwise(derivative: (at: Pointwise) => Value): GradientRule {
  return (call) => {
    const x = call.input(0);
    const type = call.type(x);
    const number = (value: number) => call.writer.number(value, type);
    call.give(0, derivative({ x, y: call.output(), g: call.gradient(), call, number }));
  };
}

/** The gradient where a condition holds, `otherwise` (by default nothing) elsewhere. */
function only({ call, g, number }: Pointwise, condition: Value, otherwise: Value = number(0)): Value {
  return call.writer.where(condition, g, otherwise);
}

/** Of x times the distribution function of the standard normal distribution: that function plus x times the density. */
function erfGelu({ call, x, g, number }: Pointwise): Value {
  const { writer } = call;
  const exponent = writer.mul(writer.mul(x, number(-0.5)), x);
  // Twice the derivative, less one: that half goes to the gradient.
  const bell = writer.mul(writer.op('Exp', [exponent]), writer.mul(x, number(Math.sqrt(2 / Math.PI))));
  const slope = writer.add(writer.op('Erf', [writer.mul(x, number(Math.SQRT1_2))]), bell);
  return writer.mul(g, writer.add(writer.mul(slope, number(0.5)), number(0.5)));
}

/** Of the approximation of GELU by tanh: x/2 (1 + tanh(a x + b x^3)). */
function tanhGelu(at: Pointwise): Value {
  const { call, x, g, number } = at;
  const { writer } = call;
  const a = Math.sqrt(2 / Math.PI);
  const b = a * 0.044715;
  const squared = writer.mul(x, x);
  const inner = writer.mul(x, writer.add(writer.mul(squared, number(b)), number(a)));
  const tanh = writer.op('Tanh', [inner]);
  const slope = writer.mul(x, writer.add(writer.mul(squared, number(3 * b)), number(a)));
  const bent = writer.mul(writer.sub(number(1), writer.mul(tanh, tanh)), slope);
  return writer.mul(g, writer.mul(writer.add(writer.add(tanh, number(1)), bent), number(0.5)));
}

/** x s(x) with a sigmoid of a x: s + a x s (1 - s). */
function swish(alpha: number): (at: Pointwise) => Value {
  return ({ call, x, y, g, number }) => {
    const { writer } = call;
    const sigmoid = writer.op('Sigmoid', [alpha === 1 ? x : writer.mul(x, number(alpha))]);
    const bent = writer.mul(writer.mul(y, number(alpha)), writer.sub(number(1), sigmoid));
    return writer.mul(g, writer.add(sigmoid, bent));
  };
}

const gelu: GradientRule = (call) => pointwise(call.node.string('approximate') === 'tanh' ? tanhGelu : erfGelu)(call);

/** HardSigmoid: max(0, min(1, alpha x + beta)). */
const hardSigmoid = pointwise((at) => {
  const { call, y, g, number } = at;
  const { writer } = call;
  const inside = writer.op('And', [writer.op('Greater', [y, number(0)]), writer.op('Less', [y, number(1)])]);
  return only({ ...at, g: writer.mul(g, number(call.node.float('alpha', 0.2))) }, inside);
});

/** HardSwish: x max(0, min(1, x / 6 + 1 / 2)). */
const hardSwish = pointwise((at) => {
  const { call, x, g, number } = at;
  const { writer } = call;
  const inner = writer.mul(g, writer.add(writer.mul(x, number(1 / 3)), number(0.5)));
  const above = writer.where(writer.op('Greater', [x, number(3)]), g, inner);
  return only({ ...at, g: above }, writer.op('Greater', [x, number(-3)]));
});

/** Operators of one input that work number by number, and their derivatives times the gradient. */
export const POINTWISE_RULES: Readonly<Record<string, GradientRule>> = {
  Abs: pointwise(({ call, x, g }) => call.writer.mul(g, call.writer.op('Sign', [x]))),
  Acos: pointwise(({ call: { writer }, x, g, number }) =>
    writer.neg(writer.div(g, writer.op('Sqrt', [writer.sub(number(1), writer.mul(x, x))]))),
  ),
  Asin: pointwise(({ call: { writer }, x, g, number }) =>
    writer.div(g, writer.op('Sqrt', [writer.sub(number(1), writer.mul(x, x))])),
  ),
  Atan: pointwise(({ call: { writer }, x, g, number }) => writer.div(g, writer.add(number(1), writer.mul(x, x)))),
  Celu: pointwise((at) => {
    const { call, x, g, number } = at;
    const { writer } = call;
    const below = writer.mul(g, writer.op('Exp', [writer.div(x, number(call.node.float('alpha', 1)))]));
    return only(at, writer.op('Greater', [x, number(0)]), below);
  }),
  Cos: pointwise(({ call: { writer }, x, g }) => writer.neg(writer.mul(g, writer.op('Sin', [x])))),
  Cosh: pointwise(({ call: { writer }, x, g }) => writer.mul(g, writer.op('Sinh', [x]))),
  Elu: pointwise((at) => {
    const { call, x, y, g, number } = at;
    const below = call.writer.mul(g, call.writer.add(y, number(call.node.float('alpha', 1))));
    return only(at, call.writer.op('Greater', [x, number(0)]), below);
  }),
  Erf: pointwise(({ call: { writer }, x, g, number }) => {
    const bell = writer.op('Exp', [writer.mul(writer.mul(x, number(-1)), x)]);
    return writer.mul(g, writer.mul(bell, number(2 / Math.sqrt(Math.PI))));
  }),
  Exp: pointwise(({ call, y, g }) => call.writer.mul(g, y)),
  Gelu: gelu,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Identity: pointwise(({ g }) => g),
  LeakyRelu: pointwise((at) => {
    const { call, x, g, number } = at;
    const below = call.writer.mul(g, number(call.node.float('alpha', 0.01)));
    return only(at, call.writer.op('Greater', [x, number(0)]), below);
  }),
  Log: pointwise(({ call, x, g }) => call.writer.div(g, x)),
  // x tanh(softplus(x))
  Mish: pointwise(({ call: { writer }, x, g, number }) => {
    const tanh = writer.op('Tanh', [writer.op('Softplus', [x])]);
    const slope = writer.mul(writer.sub(number(1), writer.mul(tanh, tanh)), writer.op('Sigmoid', [x]));
    return writer.mul(g, writer.add(tanh, writer.mul(x, slope)));
  }),
  Neg: pointwise(({ call, g }) => call.writer.neg(g)),
  Reciprocal: pointwise(({ call: { writer }, y, g }) => writer.neg(writer.mul(g, writer.mul(y, y)))),
  Relu: pointwise((at) => only(at, at.call.writer.op('Greater', [at.x, at.number(0)]))),
  Selu: pointwise((at) => {
    const { call, x, y, g, number } = at;
    const { writer } = call;
    const alpha = call.node.float('alpha', 1.6732631921768188);
    const gamma = call.node.float('gamma', 1.0507010221481323);
    const below = writer.mul(g, writer.add(y, number(alpha * gamma)));
    return only({ ...at, g: writer.mul(g, number(gamma)) }, writer.op('Greater', [x, number(0)]), below);
  }),
  Shrink: pointwise((at) => {
    const { call, x, number } = at;
    const { writer } = call;
    return only(at, writer.op('Greater', [writer.op('Abs', [x]), number(call.node.float('lambd', 0.5))]));
  }),
  Sigmoid: pointwise(({ call: { writer }, y, g, number }) => writer.mul(g, writer.mul(y, writer.sub(number(1), y)))),
  Sin: pointwise(({ call: { writer }, x, g }) => writer.mul(g, writer.op('Cos', [x]))),
  Sinh: pointwise(({ call: { writer }, x, g }) => writer.mul(g, writer.op('Cosh', [x]))),
  Softplus: pointwise(({ call: { writer }, x, g }) => writer.mul(g, writer.op('Sigmoid', [x]))),
  Softsign: pointwise(({ call: { writer }, x, g, number }) => {
    const below = writer.add(number(1), writer.op('Abs', [x]));
    return writer.div(g, writer.mul(below, below));
  }),
  Sqrt: pointwise(({ call: { writer }, y, g, number }) => writer.div(writer.mul(g, number(0.5)), y)),
  Swish: (call) => pointwise(swish(call.node.float('alpha', 1)))(call),
  Tan: pointwise(({ call: { writer }, y, g, number }) => writer.mul(g, writer.add(number(1), writer.mul(y, y)))),
  Tanh: pointwise(({ call: { writer }, y, g, number }) => writer.mul(g, writer.sub(number(1), writer.mul(y, y)))),
  ThresholdedRelu: pointwise((at) => {
    const { call, x, number } = at;
    return only(at, call.writer.op('Greater', [x, number(call.node.float('alpha', 1))]));
  }),
  'com.microsoft.FastGelu': pointwise(tanhGelu),
  'com.microsoft.Gelu': gelu,
  'com.microsoft.QuickGelu': (call) => pointwise(swish(call.node.float('alpha', 1.702)))(call),
};
