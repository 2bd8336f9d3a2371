import type { AttributeInit, Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from './call.js';

/** x^p of numbers without their sign. */
function power(call: WriteOutCall, x: Value, p: number): Value {
  if (p === 1) return call.writer.op('Abs', [x]);
  return p === 2 ? call.writer.mul(x, x) : call.writer.op('Pow', [call.writer.op('Abs', [x]), call.number(p)]);
}

function root(call: WriteOutCall, x: Value, p: number): Value {
  if (p === 1) return x;
  return p === 2 ? call.writer.op('Sqrt', [x]) : call.writer.op('Pow', [x, call.number(1 / p)]);
}

const globalLpPool: WriteOutRule = (call) => {
  const x = call.input(0);
  const p = call.node.int('p', 2);
  const axes = [...call.shape(x).keys()].slice(2);
  return [root(call, call.writer.sum(power(call, x, p), axes, true), p)];
};

/** The mean of a window, times how many numbers it has. */
const lpPool: WriteOutRule = (call) => {
  const { writer, node } = call;
  const kernel = node.ints('kernel_shape');
  if (!kernel || node.int('ceil_mode', 0) || (node.ints('dilations') ?? []).some((each) => each !== 1))
    return undefined;
  const p = node.int('p', 2);
  const own = [...node.attributes].filter(([name]) => ['kernel_shape', 'strides', 'pads', 'auto_pad'].includes(name));
  const attributes: Record<string, AttributeInit> = { ...Object.fromEntries(own), count_include_pad: 1 };
  const mean = writer.op('AveragePool', [power(call, call.input(0), p)], attributes);
  const size = kernel.reduce((product, each) => product * each, 1);
  return [root(call, writer.mul(mean, call.number(size)), p)];
};

/** Poolings by a norm. */
export const POOLS: Readonly<Record<string, WriteOutRule>> = { GlobalLpPool: globalLpPool, LpPool: lpPool };
