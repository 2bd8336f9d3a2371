import type { Value } from '@snp/onnx';
import { localFunction } from './localFunction.js';
import type { SpellingWriter } from './spellingWriter.js';

/** One way of writing a function of single numbers. */
export interface ActivationSpelling {
  readonly formula: (x: number) => number;
  readonly write: (writer: SpellingWriter, x: Value) => Value;
  readonly since?: number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log1p(Math.exp(x));
const gelu = (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2));
const geluTanh = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** The error function by its series: enough for numbers as layers give them. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 150; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erfChain(w: SpellingWriter, x: Value): Value {
  const error = w.op('Erf', [w.op('Div', [x, w.number(Math.SQRT2)])]);
  return w.op('Add', [error, w.number(1)]);
}

/** Spellings of activation functions. */
export const ACTIVATIONS = {
  relu: { formula: (x) => Math.max(x, 0), write: (w, x) => w.op('Relu', [x]) },
  tanh: { formula: Math.tanh, write: (w, x) => w.op('Tanh', [x]) },
  sigmoid: { formula: sigmoid, write: (w, x) => w.op('Sigmoid', [x]) },
  'gelu-erf': {
    formula: gelu,
    write: (w, x) => w.op('Mul', [w.op('Mul', [x, erfChain(w, x)]), w.number(0.5)]),
  },
  'gelu-half-first': {
    formula: gelu,
    write: (w, x) => w.op('Mul', [w.op('Mul', [w.number(0.5), x]), erfChain(w, x)]),
  },
  'gelu-root-half': {
    formula: gelu,
    write: (w, x) => {
      const error = w.op('Erf', [w.op('Mul', [x, w.number(Math.SQRT1_2)])]);
      return w.op('Mul', [x, w.op('Mul', [w.number(0.5), w.op('Add', [w.number(1), error])])]);
    },
  },
  'gelu-operator': { formula: gelu, since: 20, write: (w, x) => w.op('Gelu', [x]) },
  'gelu-contrib': { formula: gelu, write: (w, x) => w.contrib('Gelu', [x]) },
  'gelu-tanh-operator': {
    formula: geluTanh,
    since: 20,
    write: (w, x) => w.op('Gelu', [x], { approximate: 'tanh' }),
  },
  'gelu-tanh': {
    formula: geluTanh,
    write: (w, x) => {
      const cube = w.op('Mul', [w.op('Pow', [x, w.number(3)]), w.number(0.044715)]);
      const inner = w.op('Mul', [w.op('Add', [x, cube]), w.number(Math.sqrt(2 / Math.PI))]);
      return w.op('Mul', [w.op('Mul', [x, w.number(0.5)]), w.op('Add', [w.op('Tanh', [inner]), w.number(1)])]);
    },
  },
  'gelu-fast': { formula: geluTanh, write: (w, x) => w.contrib('FastGelu', [x]) },
  'gelu-quick': { formula: (x) => x * sigmoid(1.702 * x), write: (w, x) => w.contrib('QuickGelu', [x]) },
  'gelu-sigmoid': {
    formula: (x) => x * sigmoid(1.702 * x),
    write: (w, x) => w.op('Mul', [x, w.op('Sigmoid', [w.op('Mul', [x, w.number(1.702)])])]),
  },
  'gelu-function': {
    formula: gelu,
    since: 18,
    write: (w, x) =>
      localFunction(w, 'GeluFunction', [x], (body, [value]) =>
        body.op('Mul', [body.op('Mul', [value, body.number(0.5)]), erfChain(body, value)]),
      ),
  },
  silu: { formula: (x) => x * sigmoid(x), write: (w, x) => w.op('Mul', [x, w.op('Sigmoid', [x])]) },
  'silu-division': {
    formula: (x) => x * sigmoid(x),
    write: (w, x) => w.op('Div', [x, w.op('Add', [w.op('Exp', [w.op('Neg', [x])]), w.number(1)])]),
  },
  softplus: { formula: softplus, write: (w, x) => w.op('Softplus', [x]) },
  mish: {
    formula: (x) => x * Math.tanh(softplus(x)),
    write: (w, x) => w.op('Mul', [x, w.op('Tanh', [w.op('Softplus', [x])])]),
  },
  'squared-relu': {
    formula: (x) => Math.max(x, 0) ** 2,
    write: (w, x) => w.op('Pow', [w.op('Relu', [x]), w.number(2)]),
  },
  'hard-swish': {
    formula: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    write: (w, x) => {
      const clipped = w.op('Clip', [w.op('Add', [x, w.number(3)]), w.number(0), w.number(6)]);
      return w.op('Div', [w.op('Mul', [x, clipped]), w.number(6)]);
    },
  },
  elu: { formula: (x) => (x > 0 ? x : Math.expm1(x)), write: (w, x) => w.op('Elu', [x]) },
  'leaky-relu': {
    formula: (x) => (x > 0 ? x : 0.1 * x),
    write: (w, x) => w.op('LeakyRelu', [x], { alpha: 0.1 }),
  },
  'leaky-where': {
    formula: (x) => (x > 0 ? x : 0.1 * x),
    write: (w, x) => {
      const positive = w.op('Greater', [x, w.number(0)]);
      return w.op('Where', [positive, x, w.op('Mul', [x, w.number(0.1)])]);
    },
  },
} as const satisfies Record<string, ActivationSpelling>;

/** Name of a spelling of an activation function. */
export type ActivationName = keyof typeof ACTIVATIONS;

/** The spelling of that name. */
export function activationSpelling(name: ActivationName): ActivationSpelling {
  return ACTIVATIONS[name];
}
