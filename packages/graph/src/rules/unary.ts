import type { Attribute } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';
import { propagateElementwise } from './elementwise.js';
import type { OperatorForm } from './form.js';
import { pointwiseAxis } from './outputAxis.js';
import { possibleNumbers } from './possibleNumbers.js';
import type { OperatorRule } from './rule.js';

/** Pointwise operators of one main input: the others are scalars. */
function unary(operators: Readonly<Record<string, OperatorForm>>, zeroToZero: boolean, summary: string): OperatorRule {
  return {
    operators,
    summary,
    propagate: (node, walk) => propagateElementwise(node, walk, [0], zeroToZero ? 'any' : 'none'),
    outputAxis: pointwiseAxis,
  };
}

/** Forms of operators that take one input and have these attributes, with any value. */
function forms(operators: Readonly<Record<string, readonly string[]>>): Record<string, OperatorForm> {
  return Object.fromEntries(
    Object.entries(operators).map(([operator, attributes]) => [
      operator,
      { inputs: 1, attributes: Object.fromEntries(attributes.map((name) => [name, 'any' as const])) },
    ]),
  );
}

const isNumber = (attribute: Attribute) => attribute.type === 'INT' && Number(attribute.value) !== STRING;
const notNegative = (attribute: Attribute) => attribute.type === 'FLOAT' && attribute.value >= 0;
/** The code of the data type. */
const STRING = 8;

const ZERO_TO_ZERO: Readonly<Record<string, OperatorForm>> = {
  ...forms({
    Abs: [],
    Asin: [],
    Asinh: [],
    Atan: [],
    Atanh: [],
    Ceil: [],
    Celu: ['alpha'],
    Elu: ['alpha'],
    Erf: [],
    Floor: [],
    Gelu: ['approximate'],
    HardSwish: [],
    Identity: [],
    // False where it is zero.
    IsInf: ['detect_negative', 'detect_positive'],
    IsNaN: [],
    LeakyRelu: ['alpha'],
    Mish: [],
    Neg: [],
    Relu: [],
    Round: [],
    Selu: ['alpha', 'gamma'],
    Sign: [],
    Sin: [],
    Sinh: [],
    Softsign: [],
    Sqrt: [],
    Swish: ['alpha'],
    Tan: [],
    Tanh: [],
    ThresholdedRelu: ['alpha'],
    'com.microsoft.Gelu': [],
    'com.microsoft.QuickGelu': ['alpha'],
  }),
  // With a negative threshold zero is moved.
  Shrink: { inputs: 1, attributes: { bias: 'any', lambd: notNegative } },
  Cast: { inputs: 1, attributes: { round_mode: 'any', saturate: 'any', to: isNumber } },
  CastLike: { inputs: 2, attributes: { round_mode: 'any', saturate: 'any' } },
};

/** Zero has no finite answer, or none at all. */
const needsOther: OperatorRule = {
  operators: forms({ Acosh: [], Log: [], Reciprocal: [] }),
  summary: 'positions stay, unless they become zero with their weights',
  outputAxis: pointwiseAxis,
  propagate(node, walk) {
    const zeros = walk.input(node, 0)?.fields.filter(({ zero }) => zero) ?? [];
    walk.freezeAll(zeros, node, 'has no answer for values that become zero with their weights');
    propagateElementwise(node, walk, [0], 'none');
  },
};

/** Dropout leaves values alone; or, in a model that was exported in training mode, drops some of what stays at random. */
const dropoutRule: OperatorRule = {
  operators: { Dropout: { inputs: 3, outputs: 'all', attributes: { ratio: 'any', seed: 'any' }, versions: [7] } },
  summary: 'positions stay; zero stays zero',
  outputAxis: pointwiseAxis,
  propagate(node, walk) {
    propagateElementwise(node, walk, [0], 'any');
    // The mask, which is not zero where values are.
    walk.setOutput(node, 1, withoutZeros(walk, node.inputs[0]));
  },
};

function withoutZeros(walk: Propagation, value: Parameters<Propagation['shape']>[0]) {
  const layout = value && walk.layouts.get(value);
  return layout && { axes: layout.axes, fields: layout.fields.map((field) => ({ ...field, zero: false })) };
}

/** Bounds that let zero through keep it. */
const clipRule: OperatorRule = {
  operators: { Clip: { inputs: 3, attributes: { max: 'any', min: 'any' } } },
  summary: 'positions stay; zero stays zero between bounds that hold it',
  outputAxis: pointwiseAxis,
  propagate(node, walk) {
    const bounds = (index: number, name: string, open: number) =>
      node.inputs[index] ? possibleNumbers(node.inputs[index]) : [node.float(name, open)];
    const lower = bounds(1, 'min', Number.NEGATIVE_INFINITY);
    const upper = bounds(2, 'max', Number.POSITIVE_INFINITY);
    const keepsZero = lower?.every((bound) => bound <= 0) && upper?.every((bound) => bound >= 0);
    propagateElementwise(node, walk, [0], keepsZero ? 'any' : 'none');
  },
};

/** Rules for pointwise operators of one input. */
export const unaryRules: OperatorRule[] = [
  needsOther,
  dropoutRule,
  clipRule,
  unary(ZERO_TO_ZERO, true, 'positions stay; zero stays zero'),
  unary(
    forms({
      Acos: [],
      Cos: [],
      Cosh: [],
      Exp: [],
      HardSigmoid: ['alpha', 'beta'],
      Not: [],
      Sigmoid: [],
      Softplus: [],
    }),
    false,
    'positions stay; zero does not stay zero',
  ),
];
