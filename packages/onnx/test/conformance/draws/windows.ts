import { type Draw, type Instance, operand } from '../draw.js';
import type { DrawInstance, Draws } from '../drawing.js';

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

/** Convolutions, pooling, and what moves elements between channels and space. */
export const windows: Draws = [
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
];
