import type { DataType } from '../../src/index.js';
import { type Draw, type Instance, listed, operand, scalar, tensorOf } from './draw.js';

/** Draws one model of an operator. */
export type DrawInstance = (r: Draw) => Instance;

const product = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);
const at = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** Axes stated as attribute up to operator set `last`, as an input from then on. */
function axesOf(opset: number, last: number, axes: number[] | undefined) {
  if (!axes) return { inputs: [], attributes: {} };
  return opset <= last ? { inputs: [], attributes: { axes } } : { inputs: [listed(axes)], attributes: {} };
}

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

function reduction(op: string, last = 17, versions = [8, 11, 13, 18, 20]): [string, DrawInstance] {
  return [
    op,
    (r) => {
      const opset = r.pick(versions);
      const dims = r.dims(0, 5);
      const type = r.pick(['FLOAT', 'FLOAT', 'INT32', 'INT64'] as DataType[]);
      const positive = opset < 11;
      const drawn = r.axes(dims.length, 1).map((axis) => (positive ? at(axis, dims.length) : axis));
      const axes = r.chance(0.75) && drawn.length > 0 ? drawn : opset > last && r.chance(0.3) ? [] : undefined;
      const stated = axesOf(opset, last, axes);
      return {
        op,
        opset,
        inputs: [operand(type, dims), ...stated.inputs],
        attributes: {
          ...stated.attributes,
          ...r.maybe('keepdims', () => r.int(0, 1)),
          ...(opset > last ? r.maybe('noop_with_empty_axes', () => r.int(0, 1)) : {}),
        },
      };
    },
  ];
}

function spatial(op: string, draw: (r: Draw, space: number) => Instance): [string, DrawInstance] {
  return [op, (r) => draw(r, r.int(1, 3))];
}

/** Window attributes of convolutions and pooling. */
function windowAttributes(r: Draw, space: number, kernel: number[], dilated = true) {
  const pads = r.pick(['none', 'pads', 'SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET']);
  return {
    ...(pads === 'pads' ? { pads: r.list(2 * space, (i) => r.int(0, kernel[i % space] - 1)) } : {}),
    ...(pads === 'none' || pads === 'pads' ? {} : { auto_pad: pads }),
    ...r.maybe('strides', () => r.list(space, () => r.int(1, 3))),
    ...(dilated && !pads.startsWith('SAME') ? r.maybe('dilations', () => r.list(space, () => r.int(1, 2))) : {}),
  };
}

function pool(op: string, versions: number[]): [string, DrawInstance] {
  return spatial(op, (r, space) => {
    const opset = r.pick(versions);
    const kernel_shape = r.list(space, () => r.int(1, 3));
    const max = op === 'MaxPool';
    const dilated = (max && opset >= 10) || (op === 'AveragePool' && opset >= 19) || (op === 'LpPool' && opset >= 18);
    return {
      op,
      opset,
      inputs: [operand('FLOAT', [r.int(1, 2), r.int(1, 3), ...r.list(space, () => r.int(5, 9))])],
      attributes: {
        kernel_shape,
        ...windowAttributes(r, space, kernel_shape, dilated),
        ...(opset >= (op === 'LpPool' ? 18 : 10) ? r.maybe('ceil_mode', () => r.int(0, 1)) : {}),
        ...(op === 'AveragePool' ? r.maybe('count_include_pad', () => r.int(0, 1)) : {}),
      },
      outputs: max && opset >= 8 && r.chance() ? 2 : 1,
      // Windows that do not fit are not defined.
      least: 5,
    };
  });
}

function convolution(op: string, versions: number[]): [string, DrawInstance] {
  return spatial(op, (r, space) => {
    const transposed = op === 'ConvTranspose';
    const group = r.pick([1, 1, 2, 3]);
    const [each, made] = [r.int(1, 3), r.int(1, 3)];
    const kernel = r.list(space, () => r.int(1, 3));
    const weight = transposed ? [each * group, made, ...kernel] : [made * group, each, ...kernel];
    const attributes = windowAttributes(r, space, kernel);
    const strides = ((attributes as Instance['attributes'])?.strides as number[] | undefined) ?? r.list(space, () => 1);
    return {
      op,
      opset: r.pick(versions),
      inputs: [
        operand('FLOAT', [r.int(1, 2), each * group, ...r.list(space, () => r.int(5, 8))]),
        operand('FLOAT', weight, { constant: r.chance() }),
        ...(r.chance() ? [operand('FLOAT', [made * group])] : []),
      ],
      least: 5,
      attributes: {
        ...attributes,
        ...(group > 1 || r.chance() ? { group } : {}),
        ...r.maybe('kernel_shape', () => kernel),
        ...(transposed && !('auto_pad' in attributes)
          ? r.maybe('output_padding', () => strides.map((s) => r.int(0, s - 1)), 0.3)
          : {}),
      },
    };
  });
}

/** Every operator with a rule that the runtime can be asked about, and how to draw it. */
export const DRAWS: readonly (readonly [string, DrawInstance])[] = [
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
  ...[
    'ReduceMax',
    'ReduceMin',
    'ReduceMean',
    'ReduceProd',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
  ].map((op) => reduction(op)),
  reduction('ReduceSum', 12, [8, 11, 13]),
  ...['ArgMax', 'ArgMin'].map((op): [string, DrawInstance] => [
    op,
    (r) => {
      const opset = r.pick([7, 11, 12, 13]);
      const dims = r.dims(1);
      return {
        op,
        opset,
        inputs: [operand('FLOAT', dims)],
        attributes: {
          ...r.maybe('axis', () => (opset < 11 ? r.int(0, dims.length - 1) : r.axis(dims.length))),
          ...r.maybe('keepdims', () => r.int(0, 1)),
          ...(opset >= 12 ? r.maybe('select_last_index', () => 1) : {}),
        },
      };
    },
  ]),
  [
    'Shape',
    (r) => {
      const opset = r.pick([7, 13, 15, 19]);
      const rank = r.int(0, 5);
      const bound = () => r.int(-rank - 2, rank + 2);
      return {
        op: 'Shape',
        opset,
        inputs: [
          operand(
            r.number(),
            r.list(rank, () => r.int(1, 4)),
          ),
        ],
        attributes: opset >= 15 ? { ...r.maybe('start', bound), ...r.maybe('end', bound) } : {},
      };
    },
  ],
  ['Size', (r) => ({ op: 'Size', opset: r.pick([7, 13]), inputs: [operand(r.number(), r.dims())] })],
  [
    'Reshape',
    (r) => {
      const opset = r.pick([7, 13, 14, 19]);
      const dims = r.dims(0, 5);
      // Neighbours are merged, ones are put in, one size may be left open and some may be copied.
      const target: number[] = [];
      for (const dim of dims) {
        if (target.length > 0 && r.chance(0.3)) target[target.length - 1] *= dim;
        else if (dim === 4 && r.chance()) target.push(2, 2);
        else target.push(dim);
        if (r.chance(0.15)) target.push(1);
      }
      const copied = target.map((dim, axis) => (dim === dims[axis] && r.chance(0.4) ? 0 : dim));
      if (copied.length > 0 && r.chance()) copied[r.int(0, copied.length - 1)] = -1;
      const allowed = opset >= 14 && r.chance(0.3);
      return {
        op: 'Reshape',
        opset,
        inputs: [
          operand(r.number(), dims),
          {
            ...listed(allowed ? copied.map((dim, axis) => (dim === 0 ? dims[axis] : dim)) : copied),
            constant: r.chance(0.8),
          },
        ],
        attributes: allowed ? { allowzero: 1 } : {},
      };
    },
  ],
  [
    'Flatten',
    (r) => {
      const opset = r.pick([7, 9, 11, 13]);
      const dims = r.dims(0, 5);
      return {
        op: 'Flatten',
        opset,
        inputs: [operand('FLOAT', dims)],
        attributes: r.maybe('axis', () => r.int(opset < 11 ? 0 : -dims.length, dims.length)),
      };
    },
  ],
  [
    'Squeeze',
    (r) => {
      const opset = r.pick([7, 11, 13, 21]);
      const dims = r.dims(0, 5, 3);
      const ones = dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
      const axes = r.chance(0.3)
        ? undefined
        : r
            .shuffled(ones)
            .slice(0, r.int(0, ones.length))
            .map((axis) => (opset >= 11 && r.chance() ? axis - dims.length : axis));
      const stated = axesOf(opset, 12, axes);
      return {
        op: 'Squeeze',
        opset,
        inputs: [operand(r.number(), dims), ...stated.inputs],
        attributes: stated.attributes,
      };
    },
  ],
  [
    'Unsqueeze',
    (r) => {
      const opset = r.pick([7, 11, 13, 21]);
      const dims = r.dims(0, 3);
      const count = r.int(1, 2);
      const rank = dims.length + count;
      const axes = r
        .shuffled(Array.from({ length: rank }, (_, axis) => axis))
        .slice(0, count)
        .map((axis) => (opset >= 11 && r.chance() ? axis - rank : axis));
      const stated = axesOf(opset, 12, axes);
      return {
        op: 'Unsqueeze',
        opset,
        inputs: [operand(r.number(), dims), ...stated.inputs],
        attributes: stated.attributes,
      };
    },
  ],
  [
    'Transpose',
    (r) => {
      const dims = r.dims(0, 5);
      return {
        op: 'Transpose',
        opset: r.pick([7, 13, 21]),
        inputs: [operand(r.number(), dims)],
        attributes: r.maybe('perm', () => r.shuffled(dims.map((_, axis) => axis)), 0.7),
      };
    },
  ],
  [
    'Expand',
    (r) => {
      const dims = r.dims(0, 5);
      const [a, b] = r.shuffled([dims, r.broadcastable(dims)]);
      return {
        op: 'Expand',
        opset: r.pick([8, 13]),
        inputs: [operand(r.number(), a), { ...listed(b), constant: r.chance(0.7) }],
      };
    },
  ],
  [
    'Tile',
    (r) => {
      const dims = r.dims(1, 4, 3);
      return {
        op: 'Tile',
        opset: r.pick([7, 13]),
        inputs: [operand(r.pick(['FLOAT', 'INT64', 'INT32']), dims), listed(dims.map(() => r.int(0, 3)))],
      };
    },
  ],
  [
    'Slice',
    (r) => {
      const opset = r.pick([7, 10, 11, 13]);
      const dims = r.dims(1, 4, 7);
      const all = r.axes(dims.length, 1).map((axis) => (opset < 11 ? at(axis, dims.length) : axis));
      const axes = r.chance(0.7) ? all : undefined;
      const count = axes?.length ?? r.int(1, dims.length);
      const bound = () => r.pick([r.int(-9, 9), 0, -1, 2 ** 31 - 1, -(2 ** 31) + 1]);
      const [starts, ends] = [r.list(count, bound), r.list(count, bound)];
      if (opset < 10)
        return {
          op: 'Slice',
          opset,
          inputs: [operand('FLOAT', dims)],
          attributes: { starts, ends, ...(axes && { axes }) },
        };
      const steps = r.chance() ? r.list(count, () => r.pick([1, 2, 3, -1, -2])) : undefined;
      return {
        op: 'Slice',
        opset,
        inputs: [operand(r.number(), dims), listed(starts), listed(ends), axes && listed(axes), steps && listed(steps)],
      };
    },
  ],
  [
    'Split',
    (r) => {
      const opset = r.pick([7, 11, 13, 18]);
      const axis = r.int(0, 2);
      const outputs = r.int(1, 3);
      const stated = r.chance();
      const sizes = r.list(outputs, () => r.int(stated && opset >= 11 ? 0 : 1, 3));
      const dims = [r.int(1, 3), r.int(1, 3), r.int(1, 3)];
      const even = r.int(1, 3) * outputs;
      dims[axis] = stated
        ? sizes.reduce((sum, size) => sum + size, 0)
        : opset >= 18 && outputs > 1 && even > outputs
          ? even - r.int(0, 1)
          : even;
      if (dims[axis] === 0) dims[axis] = sizes[0] = 1;
      const attributes = { axis: opset >= 11 && r.chance() ? axis - 3 : axis };
      if (!stated)
        return {
          op: 'Split',
          opset,
          inputs: [operand(r.number(), dims)],
          attributes: { ...attributes, ...(opset >= 18 && { num_outputs: outputs }) },
          outputs,
        };
      return {
        op: 'Split',
        opset,
        inputs: [operand(r.number(), dims), ...(opset >= 13 ? [listed(sizes)] : [])],
        attributes: { ...attributes, ...(opset < 13 && { split: sizes }) },
        outputs,
      };
    },
  ],
  [
    'Concat',
    (r) => {
      const opset = r.pick([7, 11, 13]);
      const dims = r.dims(1, 4);
      const axis = r.int(0, dims.length - 1);
      const type = r.number();
      return {
        op: 'Concat',
        opset,
        inputs: r.list(r.int(1, 3), () => operand(type, dims.with(axis, r.int(1, 4)))),
        attributes: { axis: opset >= 11 && r.chance() ? axis - dims.length : axis },
      };
    },
  ],
  [
    'Pad',
    (r) => {
      const opset = r.pick([7, 11, 13, 18, 19]);
      const dims = r.dims(1, 4).map((dim) => dim + 2);
      const mode = r.maybe('mode', () => r.pick(['constant', 'reflect', 'edge']));
      const axes = opset >= 18 && r.chance() ? r.axes(dims.length, 1) : undefined;
      const count = axes?.length ?? dims.length;
      const pads = r.list(2 * count, () => r.int(mode.mode === 'reflect' || mode.mode === 'edge' ? 0 : -1, 2));
      if (opset < 11)
        return {
          op: 'Pad',
          opset,
          inputs: [operand('FLOAT', dims)],
          attributes: { pads, ...mode, ...r.maybe('value', () => 0.5) },
        };
      return {
        op: 'Pad',
        opset,
        inputs: [
          operand('FLOAT', dims),
          listed(pads),
          r.chance() ? operand('FLOAT', [], { data: [0.5] }) : undefined,
          axes && listed(axes),
        ],
        attributes: mode,
      };
    },
  ],
  [
    'Gather',
    (r) => {
      const opset = r.pick([7, 11, 13]);
      const dims = r.dims(1, 4);
      const axis = r.axis(dims.length);
      const size = dims.at(axis)!;
      const own = r.dims(0, 2);
      const data = r.list(product(own), () => r.int(opset < 11 ? 0 : -size, size - 1));
      return {
        op: 'Gather',
        opset,
        inputs: [operand(r.number(), dims), operand(r.pick(['INT32', 'INT64']), own, { data })],
        attributes: axis === 0 && r.chance() ? {} : { axis },
      };
    },
  ],
  [
    'GatherElements',
    (r) => {
      const dims = r.dims(1, 4);
      const axis = r.axis(dims.length);
      const own = dims.map((dim, i) => (i === at(axis, dims.length) ? r.int(1, 4) : r.int(1, dim)));
      return {
        op: 'GatherElements',
        opset: r.pick([11, 13]),
        inputs: [operand(r.number(), dims), operand('INT64', own, { bound: dims.at(axis)! })],
        attributes: { axis },
      };
    },
  ],
  [
    'GatherND',
    (r) => {
      const dims = r.dims(2, 5);
      const batch = r.int(0, 1);
      const depth = r.int(1, dims.length - batch);
      return {
        op: 'GatherND',
        opset: r.pick([12, 13]),
        inputs: [
          operand('FLOAT', dims),
          operand('INT64', [...dims.slice(0, batch), ...r.dims(0, 2), depth], { bound: 1 }),
        ],
        attributes: batch || r.chance() ? { batch_dims: batch } : {},
      };
    },
  ],
  [
    'ScatterND',
    (r) => {
      const dims = r.dims(1, 3);
      return {
        op: 'ScatterND',
        opset: r.pick([11, 13, 16, 18]),
        inputs: [
          operand('FLOAT', dims),
          operand('INT64', [2, 1], { bound: 1 }),
          operand('FLOAT', [2, ...dims.slice(1)]),
        ],
      };
    },
  ],
  [
    'ScatterElements',
    (r) => {
      const dims = r.dims(1, 3);
      const own = dims.map((dim) => r.int(1, dim));
      return {
        op: 'ScatterElements',
        opset: r.pick([11, 13, 16, 18]),
        inputs: [operand('FLOAT', dims), operand('INT64', own, { bound: 1 }), operand('FLOAT', own)],
        attributes: r.maybe('axis', () => r.axis(dims.length)),
      };
    },
  ],
  [
    'OneHot',
    (r) => {
      const dims = r.dims(0, 3);
      return {
        op: 'OneHot',
        opset: r.pick([9, 11]),
        inputs: [
          operand('INT64', dims, { bound: 4 }),
          operand('INT64', r.chance() ? [] : [1], { data: [4], constant: r.chance(0.8) }),
          operand('FLOAT', [2]),
        ],
        attributes: r.maybe('axis', () => r.axis(dims.length + 1)),
      };
    },
  ],
  [
    'TopK',
    (r) => {
      const opset = r.pick([7, 10, 11]);
      const dims = r.dims(1, 4);
      const axis = r.chance() ? r.axis(dims.length) : undefined;
      const k = r.int(1, dims.at(axis ?? -1)!);
      const attributes = {
        ...(axis !== undefined && { axis: opset < 11 ? at(axis, dims.length) : axis }),
        ...(opset >= 11 ? { ...r.maybe('largest', () => 0), ...r.maybe('sorted', () => 1) } : {}),
      };
      return opset < 10
        ? { op: 'TopK', opset, inputs: [operand('FLOAT', dims)], attributes: { ...attributes, k }, outputs: 2 }
        : { op: 'TopK', opset, inputs: [operand('FLOAT', dims), listed([k])], attributes, outputs: 2 };
    },
  ],
  [
    'NonZero',
    (r) => ({
      op: 'NonZero',
      opset: r.pick([9, 13]),
      inputs: [operand(r.pick(['FLOAT', 'INT64', 'BOOL']), r.dims(0, 4))],
    }),
  ],
  [
    'Compress',
    (r) => {
      const dims = r.dims(1, 3);
      return {
        op: 'Compress',
        opset: r.pick([9, 11]),
        inputs: [operand('FLOAT', dims), operand('BOOL', [r.int(1, 3)])],
        attributes: r.maybe('axis', () => r.int(0, dims.length - 1)),
      };
    },
  ],
  [
    'Unique',
    (r) => {
      const dims = r.dims(1, 3);
      return {
        op: 'Unique',
        opset: 11,
        inputs: [operand('FLOAT', dims)],
        attributes: r.maybe('axis', () => r.axis(dims.length)),
        outputs: r.int(1, 4),
      };
    },
  ],
  [
    'Trilu',
    (r) => ({
      op: 'Trilu',
      opset: 14,
      inputs: [
        operand(r.pick(['FLOAT', 'INT64', 'DOUBLE']), r.dims(2, 4)),
        ...(r.chance() ? [scalar(r.int(-3, 3))] : []),
      ],
      attributes: r.maybe('upper', () => r.int(0, 1)),
    }),
  ],
  [
    'EyeLike',
    (r) => ({
      op: 'EyeLike',
      opset: 9,
      inputs: [operand(r.pick(['FLOAT', 'INT64']), r.dims(2, 2))],
      attributes: r.maybe('dtype', () => r.pick([1, 7])),
    }),
  ],
  [
    'Range',
    (r) => {
      const type = r.pick(['INT64', 'INT32', 'FLOAT', 'DOUBLE'] as DataType[]);
      const part = type === 'FLOAT' || type === 'DOUBLE' ? 0.1 : 1;
      const item = (data: number) => operand(type, [], { data: [data], constant: r.chance(0.8) });
      return {
        op: 'Range',
        opset: 11,
        inputs: [item(r.int(-9, 9) * part), item(r.int(-9, 9) * part), item(r.pick([-3, -2, -1, 1, 2, 3]) * part)],
      };
    },
  ],
  [
    'ConstantOfShape',
    (r) => {
      const value = r.pick([
        undefined,
        [operand('INT64', [1]), 7],
        [operand('FLOAT', [1]), 0.5],
        [operand('BOOL', [1]), 1],
      ] as const);
      return {
        op: 'ConstantOfShape',
        opset: r.pick([9, 20]),
        inputs: [listed(r.list(r.int(0, 4), () => r.int(0, 4)))],
        attributes: value ? { value: tensorAttribute(value[0], value[1]) } : {},
      };
    },
  ],
  [
    'MatMul',
    (r) => {
      const k = r.int(1, 4);
      const batch = r.dims(0, 3);
      const a = r.chance(0.2) ? [k] : [...batch, r.int(1, 4), k];
      const b = r.chance(0.2) ? [k] : [...r.broadcastable(batch), k, r.int(1, 4)];
      return { op: 'MatMul', opset: r.pick([7, 9, 13]), inputs: [operand('FLOAT', a), operand('FLOAT', b)] };
    },
  ],
  [
    'Gemm',
    (r) => {
      const [m, k, n] = [r.int(1, 4), r.int(1, 4), r.int(1, 4)];
      const [transA, transB] = [r.int(0, 1), r.int(0, 1)];
      const opset = r.pick([7, 9, 11, 13]);
      const bias = opset < 11 || r.chance() ? [operand('FLOAT', r.pick([[n], [1, n], [m, 1], [m, n], [1]]))] : [];
      return {
        op: 'Gemm',
        opset,
        inputs: [operand('FLOAT', transA ? [k, m] : [m, k]), operand('FLOAT', transB ? [n, k] : [k, n]), ...bias],
        attributes: { ...(transA || r.chance() ? { transA } : {}), ...(transB || r.chance() ? { transB } : {}) },
      };
    },
  ],
  [
    'Einsum',
    (r) => {
      const sizes: Record<string, number> = Object.fromEntries([...'abcdef'].map((letter) => [letter, r.int(1, 3)]));
      const letters = r.shuffled([...'abcdef']);
      const [x, y] = [letters.slice(0, r.int(1, 4)), r.shuffled(letters.slice(1, r.int(2, 6)))];
      const all = [...new Set([...x, ...y])];
      const output = r.shuffled(all.filter(() => r.chance(0.7)));
      const dots = r.chance(0.3) ? '...' : '';
      const batch = dots ? r.dims(1, 2) : [];
      const dims = (own: string[]) => [...batch, ...own.map((letter) => sizes[letter])];
      const equation = `${dots}${x.join('')},${dots}${y.join('')}${r.chance(0.8) ? `->${dots}${output.join('')}` : ''}`;
      return {
        op: 'Einsum',
        opset: 12,
        inputs: [operand('FLOAT', dims(x)), operand('FLOAT', dims(y))],
        attributes: { equation },
      };
    },
  ],
  [
    'Det',
    (r) => {
      const n = r.int(1, 3);
      return { op: 'Det', opset: 11, inputs: [operand('FLOAT', [...r.dims(0, 2), n, n])] };
    },
  ],
  convolution('Conv', [7, 11, 22]),
  convolution('ConvTranspose', [7, 11, 22]),
  pool('MaxPool', [7, 8, 10, 11, 12]),
  pool('AveragePool', [7, 10, 11, 19]),
  pool('LpPool', [7, 11, 18]),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((op): [string, DrawInstance] => [
    op,
    (r) => ({ op, opset: r.pick([7, 13]), inputs: [operand('FLOAT', [r.int(1, 2), r.int(1, 3), ...r.dims(1, 3)])] }),
  ]),
  [
    'DepthToSpace',
    (r) => {
      const blocksize = r.int(1, 3);
      const opset = r.pick([7, 11, 13]);
      return {
        op: 'DepthToSpace',
        opset,
        inputs: [operand('FLOAT', [r.int(1, 2), blocksize ** 2 * r.int(1, 2), r.int(1, 3), r.int(1, 3)])],
        attributes: { blocksize, ...(opset >= 11 ? r.maybe('mode', () => r.pick(['DCR', 'CRD'])) : {}) },
      };
    },
  ],
  [
    'SpaceToDepth',
    (r) => {
      const blocksize = r.int(1, 3);
      return {
        op: 'SpaceToDepth',
        opset: r.pick([7, 13]),
        inputs: [operand('FLOAT', [r.int(1, 2), r.int(1, 2), blocksize * r.int(1, 3), blocksize * r.int(1, 3)])],
        attributes: { blocksize },
      };
    },
  ],
  [
    'Resize',
    (r) => {
      const opset = r.pick([10, 11, 13, 18, 19]);
      const dims = [r.int(1, 2), r.int(1, 2), r.int(1, 7), r.int(1, 7)];
      const axes = opset >= 18 && r.chance() ? [2, 3] : undefined;
      const [front, count] = [axes ? [] : [1, 1], axes ? 2 : 4];
      const factors = [...front, ...r.list(2, () => r.pick([0.5, 1, 2, 3, 1.3, 0.25, 1 / 3, 2.7]))];
      const scales = operand('FLOAT', [count], { data: factors, constant: true });
      if (opset === 10)
        return {
          op: 'Resize',
          opset,
          inputs: [operand('FLOAT', dims), scales],
          attributes: r.maybe('mode', () => 'nearest'),
        };
      const mode = r.maybe('mode', () => r.pick(['nearest', 'linear']));
      const sized = r.chance();
      const roi = operand('FLOAT', [0], { data: [], constant: true });
      const empty = opset < 13 ? operand('FLOAT', [0], { data: [], constant: true }) : undefined;
      const sizes = [...(axes ? [] : dims.slice(0, 2)), r.int(1, 9), r.int(1, 9)];
      return {
        op: 'Resize',
        opset,
        inputs: [
          operand('FLOAT', dims),
          opset < 13 || r.chance() ? roi : undefined,
          sized ? empty : scales,
          ...(sized ? [listed(sizes)] : []),
        ],
        attributes: {
          ...mode,
          ...(axes && { axes: r.chance() ? axes : [-2, -1] }),
          ...(opset >= 18 && sized
            ? r.maybe('keep_aspect_ratio_policy', () => r.pick(['stretch', 'not_larger', 'not_smaller']))
            : {}),
        },
      };
    },
  ],
  [
    'Upsample',
    (r) => {
      const opset = r.pick([7, 9]);
      const factors = [1, 1, r.pick([1, 2, 1.5]), r.pick([1, 2, 3])];
      const data = operand('FLOAT', [r.int(1, 2), r.int(1, 2), r.int(1, 5), r.int(1, 5)]);
      return opset < 9
        ? { op: 'Upsample', opset, inputs: [data], attributes: { scales: [1, 1, 1.5, 2] } }
        : { op: 'Upsample', opset, inputs: [data, operand('FLOAT', [4], { data: factors, constant: true })] };
    },
  ],
  [
    'BatchNormalization',
    (r) => {
      const c = r.int(1, 4);
      const training = r.chance(0.3);
      const vector = () => operand('FLOAT', [c], { data: r.list(c, () => r.next()) });
      return {
        op: 'BatchNormalization',
        opset: r.pick(training ? [14, 15] : [7, 9, 14, 15]),
        inputs: [operand('FLOAT', [r.int(1, 3), c, ...r.dims(0, 2)]), vector(), vector(), vector(), vector()],
        attributes: training ? { training_mode: 1 } : {},
        outputs: training ? 3 : 1,
      };
    },
  ],
  [
    'LayerNormalization',
    (r) => {
      const dims = r.dims(1, 4);
      const axis = r.axis(dims.length);
      const own = dims.slice(at(axis, dims.length));
      return {
        op: 'LayerNormalization',
        opset: 17,
        inputs: [operand('FLOAT', dims), operand('FLOAT', own), ...(r.chance() ? [operand('FLOAT', own)] : [])],
        attributes: { axis },
        outputs: r.int(1, 3),
      };
    },
  ],
  [
    'RMSNormalization',
    (r) => {
      const dims = r.dims(1, 4);
      const axis = r.axis(dims.length);
      return {
        op: 'RMSNormalization',
        opset: 23,
        inputs: [operand('FLOAT', dims), operand('FLOAT', dims.slice(at(axis, dims.length)))],
        attributes: { axis },
      };
    },
  ],
  [
    'InstanceNormalization',
    (r) => {
      const c = r.int(1, 3);
      return {
        op: 'InstanceNormalization',
        opset: 7,
        inputs: [operand('FLOAT', [r.int(1, 2), c, ...r.dims(1, 2)]), operand('FLOAT', [c]), operand('FLOAT', [c])],
      };
    },
  ],
  [
    'GroupNormalization',
    (r) => {
      const groups = r.int(1, 2);
      const c = groups * r.int(1, 2);
      return {
        op: 'GroupNormalization',
        opset: 21,
        inputs: [operand('FLOAT', [r.int(1, 2), c, ...r.dims(1, 2)]), operand('FLOAT', [c]), operand('FLOAT', [c])],
        attributes: { num_groups: groups },
      };
    },
  ],
  [
    'GridSample',
    (r) => ({
      op: 'GridSample',
      opset: r.pick([16, 20]),
      inputs: [
        operand('FLOAT', [2, r.int(1, 3), r.int(2, 4), r.int(2, 4)]),
        operand('FLOAT', [2, r.int(1, 4), r.int(1, 4), 2]),
      ],
    }),
  ],
  [
    'DequantizeLinear',
    (r) => ({
      op: 'DequantizeLinear',
      opset: r.pick([10, 13, 19]),
      inputs: [operand(r.pick(['UINT8', 'INT8', 'INT32']), r.dims(1, 3)), operand('FLOAT', [], { data: [0.5] })],
    }),
  ],
  [
    'QuantizeLinear',
    (r) => {
      const zero = r.pick([undefined, 'UINT8', 'INT8'] as (DataType | undefined)[]);
      return {
        op: 'QuantizeLinear',
        opset: r.pick([10, 13, 19]),
        inputs: [
          operand('FLOAT', r.dims(1, 3)),
          operand('FLOAT', [], { data: [0.5] }),
          ...(zero ? [operand(zero, [])] : []),
        ],
      };
    },
  ],
  [
    'DynamicQuantizeLinear',
    (r) => ({ op: 'DynamicQuantizeLinear', opset: 11, inputs: [operand('FLOAT', r.dims(1, 3))], outputs: 3 }),
  ],
  [
    'MatMulInteger',
    (r) => {
      const k = r.int(1, 4);
      const batch = r.dims(0, 2);
      return {
        op: 'MatMulInteger',
        opset: 10,
        inputs: [operand('UINT8', [...batch, r.int(1, 3), k]), operand('UINT8', [k, r.int(1, 3)])],
      };
    },
  ],
  ...['LSTM', 'GRU', 'RNN'].map((op): [string, DrawInstance] => [
    op,
    (r) => {
      const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]!;
      const [length, batch, input, hidden] = [r.int(1, 3), r.int(1, 3), r.int(1, 3), r.int(1, 3)];
      const direction = r.pick(['forward', 'reverse', 'bidirectional']);
      const d = direction === 'bidirectional' ? 2 : 1;
      return {
        op,
        opset: r.pick([7, 14]),
        inputs: [
          operand('FLOAT', [length, batch, input]),
          operand('FLOAT', [d, gates * hidden, input]),
          operand('FLOAT', [d, gates * hidden, hidden]),
          ...(r.chance() ? [operand('FLOAT', [d, 2 * gates * hidden])] : []),
        ],
        attributes: { hidden_size: hidden, ...(direction === 'forward' && r.chance() ? {} : { direction }) },
        outputs: r.int(1, op === 'LSTM' ? 3 : 2),
      };
    },
  ]),
  [
    'Attention',
    (r) => {
      const [batch, heads, keyHeads, s, l, d, e] = [
        r.int(1, 2),
        4,
        r.pick([1, 2, 4]),
        r.int(1, 3),
        r.int(1, 3),
        r.pick([2, 4]),
        r.pick([2, 4]),
      ];
      const past = r.chance(0.3) ? r.int(1, 3) : 0;
      const flat = !past && r.chance();
      const shape = (h: number, n: number, w: number) => (flat ? [batch, n, h * w] : [batch, h, n, w]);
      return {
        op: 'Attention',
        opset: 23,
        inputs: [
          operand('FLOAT', shape(heads, s, d)),
          operand('FLOAT', shape(keyHeads, l, d)),
          operand('FLOAT', shape(keyHeads, l, e)),
          ...(past
            ? [undefined, operand('FLOAT', [batch, keyHeads, past, d]), operand('FLOAT', [batch, keyHeads, past, e])]
            : []),
        ],
        attributes: flat ? { q_num_heads: heads, kv_num_heads: keyHeads } : {},
        outputs: past ? 3 : 1,
      };
    },
  ],
];

function tensorAttribute(own: ReturnType<typeof operand>, item: number) {
  return { type: 'TENSOR', value: tensorOf(own, [item]) } as const;
}
