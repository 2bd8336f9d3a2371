import type { WriteOutRule } from './call.js';

/** GELU of a sum with a vector. */
const biasGelu: WriteOutRule = (call) => [
  call.writer.op('Gelu', [call.writer.add(call.input(0), call.input(1))], {}, 'com.microsoft'),
];

/** The same by tanh, where the vector may be missing. */
const fastGelu: WriteOutRule = (call) =>
  call.maybe(1) && [call.writer.op('FastGelu', [call.writer.add(call.input(0), call.input(1))], {}, 'com.microsoft')];

/** Activations that add a vector first. */
export const ACTIVATIONS: Readonly<Record<string, WriteOutRule>> = {
  'com.microsoft.BiasGelu': biasGelu,
  'com.microsoft.FastGelu': fastGelu,
};
