import type { DataType } from '../../../src/index.js';
import { type Draw, type Instance, operand, scalar } from '../draw.js';
import { type DrawInstance, type Draws, product } from '../drawing.js';

function unary(
  op: string,
  versions: number[],
  types: DataType[] = ['FLOAT', 'FLOAT16'],
  attributes?: (r: Draw) => Instance['attributes'],
): [string, DrawInstance] {
  return [
    op,
    (r) => ({
      op,
      opset: r.pick([...versions, 21]),
      inputs: [operand(r.pick(types), r.dims())],
      attributes: attributes?.(r) ?? {},
    }),
  ];
}

const NUMBERS: DataType[] = ['FLOAT', 'DOUBLE', 'INT32', 'INT64'];

function binary(op: string, versions: number[], types: DataType[] = NUMBERS): [string, DrawInstance] {
  return [
    op,
    (r) => {
      const dims = r.dims();
      const pair = r.shuffled([dims, r.broadcastable(dims)]);
      const type = r.pick(types);
      const attributes = op === 'Mod' && (type === 'FLOAT' || r.chance(0.3)) ? { fmod: 1 } : {};
      // A divisor of zero has no defined result.
      const divisor =
        (op === 'Div' || op === 'Mod') && type.startsWith('INT')
          ? { data: r.list(product(pair[1]), () => r.pick([-3, -2, -1, 1, 2, 3, 7])) }
          : {};
      return {
        op,
        opset: r.pick(versions),
        inputs: [operand(type, pair[0]), operand(type, pair[1], divisor)],
        attributes,
      };
    },
  ];
}

function variadic(op: string, versions: number[], types: DataType[] = ['FLOAT', 'DOUBLE']): [string, DrawInstance] {
  return [
    op,
    (r) => {
      const dims = r.dims();
      const type = r.pick(types);
      const inputs = r.shuffled([dims, ...r.list(r.int(0, 2), () => r.broadcastable(dims))]);
      return { op, opset: r.pick(versions), inputs: inputs.map((own) => operand(type, own)) };
    },
  ];
}

/** Elementwise operators and conversions. */
export const elementwise: Draws = [
  unary('Relu', [7, 13, 14]),
  unary('Sigmoid', [7, 13]),
  unary('Tanh', [7, 13]),
  unary('Erf', [9, 13], ['FLOAT']),
  unary('Exp', [7, 13], ['FLOAT', 'DOUBLE']),
  unary('Log', [7, 13], ['FLOAT', 'DOUBLE']),
  unary('Sqrt', [7, 13], ['FLOAT', 'DOUBLE']),
  unary('Reciprocal', [7, 13], ['FLOAT', 'DOUBLE']),
  unary('Abs', [7, 13], NUMBERS),
  unary('Neg', [7, 13], NUMBERS),
  unary('Sign', [9, 13], NUMBERS),
  unary('Floor', [7, 13], ['FLOAT', 'DOUBLE']),
  unary('Ceil', [7, 13], ['FLOAT', 'DOUBLE']),
  unary('Round', [11], ['FLOAT', 'DOUBLE']),
  unary('Not', [7], ['BOOL']),
  unary('Identity', [7, 13, 14, 16], [...NUMBERS, 'FLOAT16', 'BOOL']),
  unary('LeakyRelu', [7, 16], ['FLOAT'], (r) => r.maybe('alpha', () => 0.25)),
  unary('Elu', [7], ['FLOAT']),
  unary('Selu', [7], ['FLOAT']),
  unary('Softplus', [7], ['FLOAT']),
  unary('Gelu', [20], ['FLOAT'], (r) => r.maybe('approximate', () => r.pick(['none', 'tanh']))),
  unary('HardSigmoid', [7], ['FLOAT']),
  unary('HardSwish', [14], ['FLOAT']),
  unary('IsNaN', [9, 13], ['FLOAT']),
  unary('IsInf', [10], ['FLOAT']),
  ...['Softmax', 'LogSoftmax', 'Hardmax'].map((op): [string, DrawInstance] => [
    op,
    (r) => {
      const opset = r.pick([7, 11, 13]);
      const dims = r.dims(1, 5);
      return {
        op,
        opset,
        inputs: [operand('FLOAT', dims)],
        attributes: r.maybe('axis', () => (opset < 11 ? r.int(0, dims.length - 1) : r.axis(dims.length))),
      };
    },
  ]),
  ...['Add', 'Sub', 'Mul', 'Div'].map((op) => binary(op, [7, 13, 14])),
  binary('Mod', [10, 13], ['INT32', 'INT64', 'FLOAT']),
  binary('Pow', [7, 12, 13, 15], ['FLOAT']),
  ...['Equal', 'Greater', 'Less'].map((op) => binary(op, [9, 11, 13], NUMBERS)),
  ...['GreaterOrEqual', 'LessOrEqual'].map((op) => binary(op, [12, 16], NUMBERS)),
  ...['And', 'Or', 'Xor'].map((op) => binary(op, [7], ['BOOL'])),
  ...['Max', 'Min'].map((op) => variadic(op, [8, 12, 13], NUMBERS)),
  ...['Sum', 'Mean'].map((op) => variadic(op, [8, 13], ['FLOAT'])),
  [
    'Pow',
    (r) => {
      const dims = r.dims();
      const [base, exponent] = [r.pick(NUMBERS), r.pick(NUMBERS)];
      return {
        op: 'Pow',
        opset: r.pick([12, 13, 15]),
        inputs: [operand(base, dims), operand(exponent, r.broadcastable(dims))],
      };
    },
  ],
  [
    'Where',
    (r) => {
      const dims = r.dims();
      const [a, b, c] = r.shuffled([dims, r.broadcastable(dims), r.broadcastable(dims)]);
      const type = r.pick(NUMBERS);
      return { op: 'Where', opset: r.pick([9, 16]), inputs: [operand('BOOL', a), operand(type, b), operand(type, c)] };
    },
  ],
  [
    'Cast',
    (r) => {
      const [from, to] = [
        r.pick(['FLOAT', 'DOUBLE', 'FLOAT16', 'INT32', 'INT64', 'BOOL', 'UINT8', 'INT8'] as DataType[]),
        r.pick([1, 2, 3, 6, 7, 9, 10, 11]),
      ];
      return { op: 'Cast', opset: r.pick([9, 13, 19, 21]), inputs: [operand(from, r.dims())], attributes: { to } };
    },
  ],
  [
    'CastLike',
    (r) => ({
      op: 'CastLike',
      opset: r.pick([15, 19]),
      inputs: [operand(r.number(), r.dims()), operand(r.number(), r.dims())],
    }),
  ],
  [
    'Clip',
    (r) => {
      const opset = r.pick([7, 11, 12, 13]);
      if (opset < 11)
        return {
          op: 'Clip',
          opset,
          inputs: [operand('FLOAT', r.dims())],
          attributes: { ...r.maybe('min', () => -0.25), ...r.maybe('max', () => 0.5) },
        };
      const limit = (item: number) => (r.chance() ? operand('FLOAT', [], { data: [item] }) : undefined);
      return { op: 'Clip', opset, inputs: [operand('FLOAT', r.dims()), limit(-0.25), limit(0.5)] };
    },
  ],
  [
    'PRelu',
    (r) => {
      const dims = r.dims(1);
      return {
        op: 'PRelu',
        opset: r.pick([7, 9, 16]),
        inputs: [operand('FLOAT', dims), operand('FLOAT', r.broadcastable(dims))],
      };
    },
  ],
  [
    'Dropout',
    (r) => {
      const opset = r.pick([7, 10, 12, 13]);
      const ratio = opset >= 12 && r.chance() ? [operand('FLOAT', [], { data: [0.3], constant: true })] : [];
      return {
        op: 'Dropout',
        opset,
        inputs: [operand('FLOAT', r.dims()), ...ratio],
        outputs: opset >= 10 && r.chance() ? 2 : 1,
      };
    },
  ],
  [
    'CumSum',
    (r) => {
      const dims = r.dims(1);
      return {
        op: 'CumSum',
        opset: r.pick([11, 14]),
        inputs: [operand('FLOAT', dims), scalar(r.axis(dims.length))],
        attributes: { ...r.maybe('exclusive', () => 1), ...r.maybe('reverse', () => 1) },
      };
    },
  ],
];
