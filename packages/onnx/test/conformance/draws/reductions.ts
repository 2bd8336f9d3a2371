import type { DataType } from '../../../src/index.js';
import { operand } from '../draw.js';
import { at, axesOf, type DrawInstance, type Draws } from '../drawing.js';

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

/** Reductions. */
export const reductions: Draws = [
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
];
