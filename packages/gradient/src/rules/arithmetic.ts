import type { GradientCall, GradientRule } from './rule.js';

const add: GradientRule = (call) => {
  for (const index of call.node.inputs.keys()) call.giveBroadcast(index, call.gradient());
};

const sub: GradientRule = (call) => {
  call.giveBroadcast(0, call.gradient());
  if (call.wants(1)) call.giveBroadcast(1, call.writer.neg(call.gradient()));
};

const mul: GradientRule = (call) => {
  if (call.wants(0)) call.giveBroadcast(0, call.writer.mul(call.gradient(), call.input(1)));
  if (call.wants(1)) call.giveBroadcast(1, call.writer.mul(call.gradient(), call.input(0)));
};

const div: GradientRule = (call) => {
  const { writer } = call;
  const shared = writer.div(call.gradient(), call.input(1));
  call.giveBroadcast(0, shared);
  if (call.wants(1)) call.giveBroadcast(1, writer.neg(writer.mul(shared, call.output())));
};

const pow: GradientRule = (call) => {
  const { writer } = call;
  const [x, exponent] = [call.input(0), call.input(1)];
  const type = call.type(x);
  const own = call.type(exponent) === type ? exponent : writer.cast(exponent, type);
  const number = (value: number) => writer.number(value, type);
  if (call.wants(0)) {
    const stated = exponent.tensor?.size === 1 ? exponent.tensor.numbers()[0] : undefined;
    const slope =
      stated === 2 ? writer.mul(x, number(2)) : writer.mul(own, writer.op('Pow', [x, writer.sub(own, number(1))]));
    call.giveBroadcast(0, writer.mul(call.gradient(), slope));
  }
  // Where the base is not positive the power is no smooth function of the exponent.
  if (call.wants(1)) {
    const positive = writer.op('Greater', [x, number(0)]);
    const log = writer.op('Log', [writer.where(positive, x, number(1))]);
    call.giveBroadcast(1, writer.mul(call.gradient(), writer.mul(call.output(), log)));
  }
};

/** Of the inputs that are the largest, or the smallest, at a place; those that are equal share. */
const extreme: GradientRule = (call) => {
  const { writer } = call;
  const y = call.output();
  const type = call.type(y);
  if (call.node.inputs.length === 1) return call.give(0, call.gradient());
  const chosen = call.node.inputs.map((value) => writer.cast(writer.op('Equal', [value!, y]), type));
  const shared = writer.div(
    call.gradient(),
    chosen.reduce((a, b) => writer.add(a, b)),
  );
  for (const index of chosen.keys()) {
    if (call.wants(index)) call.giveBroadcast(index, writer.mul(shared, chosen[index]));
  }
};

const mean: GradientRule = (call) => {
  const count = call.writer.number(call.node.inputs.length, call.type(call.output()));
  const shared = call.writer.div(call.gradient(), count);
  for (const index of call.node.inputs.keys()) call.giveBroadcast(index, shared);
};

const where: GradientRule = (call) => {
  const { writer } = call;
  const zero = writer.number(0, call.type(call.output()));
  if (call.wants(1)) call.giveBroadcast(1, writer.where(call.input(0), call.gradient(), zero));
  if (call.wants(2)) call.giveBroadcast(2, writer.where(call.input(0), zero, call.gradient()));
};

/** What lies between the bounds passes; the bounds have what lies beyond them. */
const clip: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const type = call.type(x);
  const zero = writer.number(0, type);
  const bound = (name: string, index: number) => {
    const stated = node.float(name);
    return node.inputs[index] ?? (stated === undefined ? undefined : writer.number(stated, type));
  };
  const [low, high] = [bound('min', 1), bound('max', 2)];
  // Where the bounds contradict each other, the upper one counts.
  const raised = low ? writer.op('Max', [x, low]) : x;
  let passed = call.gradient();
  if (high) {
    const above = writer.op('Greater', [raised, high]);
    if (call.wants(2)) call.giveBroadcast(2, writer.where(above, passed, zero));
    passed = writer.where(above, zero, passed);
  }
  if (low) {
    const below = writer.op('Less', [x, low]);
    if (call.wants(1)) call.giveBroadcast(1, writer.where(below, passed, zero));
    passed = writer.where(below, zero, passed);
  }
  if (call.wants(0)) call.give(0, passed);
};

const prelu: GradientRule = (call) => {
  const { writer } = call;
  const [x, slope] = [call.input(0), call.input(1)];
  const zero = writer.number(0, call.type(x));
  const positive = writer.op('Greater', [x, zero]);
  if (call.wants(0)) call.give(0, writer.where(positive, call.gradient(), writer.mul(call.gradient(), slope)));
  if (call.wants(1)) call.giveBroadcast(1, writer.where(positive, zero, writer.mul(call.gradient(), x)));
};

/** The remainder: the dividend passes, the divisor has the negative quotient without its fraction. */
const mod: GradientRule = (call: GradientCall) => {
  const { writer } = call;
  call.giveBroadcast(0, call.gradient());
  if (!call.wants(1)) return;
  const whole = writer.div(writer.sub(call.output(), call.input(0)), call.input(1));
  call.giveBroadcast(1, writer.mul(call.gradient(), whole));
};

/** Operators of several inputs that are broadcast to one shape. */
export const ARITHMETIC_RULES: Readonly<Record<string, GradientRule>> = {
  Add: add,
  Clip: clip,
  Div: div,
  Max: extreme,
  Mean: mean,
  Min: extreme,
  Mod: mod,
  Mul: mul,
  Pow: pow,
  PRelu: prelu,
  Sub: sub,
  Sum: add,
  Where: where,
};
