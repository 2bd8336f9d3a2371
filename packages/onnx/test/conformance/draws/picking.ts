import type { DataType } from '../../../src/index.js';
import { listed, operand, scalar, tensorOf } from '../draw.js';
import { at, type Draws, product } from '../drawing.js';

function tensorAttribute(own: ReturnType<typeof operand>, item: number) {
  return { type: 'TENSOR', value: tensorOf(own, [item]) } as const;
}

/** Operators that pick and place elements, and make tensors. */
export const picking: Draws = [
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
];
